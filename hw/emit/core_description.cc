#include "hw/emit/core_description.h"

#include <fmt/format.h>

#include <algorithm>

#include "compress/integer/ops/embedding.h"
#include "compress/integer/runner.h"
#include "engine/base/rng.h"
#include "hw/core/memory.h"
#include "hw/core/rom_check.h"
#include "hw/core/schedule.h"

namespace ingot::hw {
namespace {

constexpr std::int64_t kMostCycles = 50'000;  // that the texts of the testbench should take

// The first texts that take few cycles together, at least one.
std::int64_t number_of_texts(const Encoder& encoder, const CorePlan& plan, const Texts& texts) {
  std::int64_t n = 0, cycles = 0;
  while (n < texts.size()) {
    const auto at = static_cast<std::size_t>(n);
    cycles += cycles_of(encoder, plan, texts.offsets[at + 1] - texts.offsets[at]).total;
    if (n > 0 && cycles > kMostCycles) break;
    ++n;
  }
  return n;
}

std::vector<std::int64_t> short_lengths(std::int64_t longest) {
  std::vector<std::int64_t> lengths;
  for (const std::int64_t n : {1, 2, 3, 5}) lengths.push_back(std::min(n, longest));
  return lengths;
}

Word beat(std::int64_t word, bool is_last) {
  Word bits;
  bits.append(word, 32);
  bits.append(is_last ? 1 : 0, 1);
  return bits;
}

std::vector<std::pair<std::string, std::string>> facts(const Encoder& encoder, const CorePlan& plan,
                                                       std::int64_t clock_mhz, std::int64_t start) {
  const CoreSize& size = plan.size;
  const auto cycles = [&](std::int64_t n) { return cycles_of(encoder, plan, n); };
  const CoreCycles longest = cycles(size.longest);
  return {
      {"Tokens of a text", fmt::format("1 to {}", size.longest)},
      {"Cycles of a text", fmt::format("{} of {} tokens, {} of 1", longest.total, size.longest, cycles(1).total)},
      {"Products a cycle",
       fmt::format("{} x {}; multipliers work {:.1f}% of the longest text's cycles", size.pi, size.po,
                   100.0 * static_cast<double>(longest.products) / static_cast<double>(longest.total))},
      {"Clock", fmt::format("{} MHz: what it is meant for (`ingot emit --clock`) and `ingot synth --place` works "
                            "towards",
                            clock_mhz)},
      {"Cycles from reset",
       fmt::format("{}, in which it reads its ROMs and compares their checksum; texts may come meanwhile; parameter "
                   "CHECK_ROMS = 0: none",
                   start)},
      {"A packet without tlast",
       fmt::format("goes on in the next one: both are one text. If that has more than {} tokens, the rest is taken "
                   "and dropped up to tlast, and error 1 is the one answer to all of it",
                   size.longest)},
      {"Errors in the status",
       "1: too many tokens, 2: an id that the vocabulary lacks, 3: a type that the model "
       "lacks, 4: the ROMs do not hold what they should; such a text has no answers"}};
}

}  // namespace

CoreBeats core_beats(const Texts& texts, std::int64_t text, std::int64_t n_answers) {
  const auto at = static_cast<std::size_t>(text);
  const std::int64_t first = texts.offsets[at], n = texts.offsets[at + 1] - first;
  CoreBeats beats;
  for (std::int64_t i = first; i < first + n; ++i) {
    const auto token = static_cast<std::size_t>(i);
    beats.input.push_back(beat(texts.ids[token] | std::int64_t{texts.types[token]} << 24, i + 1 == first + n));
  }
  beats.output.push_back(beat(std::int64_t{kCoreVersion} << 24 | n, false));
  for (std::int64_t i = 0; i < n_answers; ++i)
    beats.output.push_back(beat(texts.answers[static_cast<std::size_t>(text * n_answers + i)], i + 1 == n_answers));
  return beats;
}

Texts random_texts(const Graph& graph, const std::vector<std::int64_t>& lengths, std::uint64_t seed) {
  const Encoder encoder = encoder_of(graph);
  const auto& sum = *encoder.embedding.as<compress::EmbeddingSum>();
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::test));
  Texts texts;
  for (const std::int64_t n : lengths) {
    for (std::int64_t i = 0; i < n; ++i) {
      texts.ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(sum.word.n))));
      texts.types.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(sum.token_type.n))));
    }
    texts.offsets.push_back(static_cast<std::int32_t>(texts.ids.size()));
  }
  const std::vector<compress::Codes> inputs{texts.ids, texts.types};
  texts.answers = compress::GraphRunner(graph).run(inputs, texts.offsets).front();
  return texts;
}

PackageInfo core_description(const Graph& graph, const CoreSize& size, const Verilog& verilog, const std::string& name,
                             const std::optional<Texts>& texts, std::int64_t clock_mhz) {
  const Encoder encoder = encoder_of(graph);
  const CorePlan plan = plan_core(encoder, size);
  const std::int64_t start = rom_check(make_images(encoder, plan), plan).cycles();
  const Texts sent = texts && texts->size() > 0 ? *texts : random_texts(graph, short_lengths(size.longest), 1);
  PackageInfo info{.top = name,
                   .title = fmt::format("{}: a text of tokens becomes {} numbers.", graph.name, encoder.n_answers()),
                   .input = {.bits = kCoreBeatBits,
                             .beats = 0,
                             .meaning = "a text is a packet, a token a beat: {last, type (8 bits), id (24 bits)}"},
                   .output = {.bits = kCoreBeatBits,
                              .beats = 0,
                              .meaning = "an answer is a packet: {last, word (32 bits)}; first the status {version (8 "
                                         "bits), error (8 bits), length (16 bits)}, then the numbers"},
                   .sources = verilog.dependences,
                   .most_idle = start + 2 * cycles_of(encoder, plan, size.longest).total + 2000,
                   .facts = facts(encoder, plan, clock_mhz, start)};
  for (std::int64_t t = 0; t < number_of_texts(encoder, plan, sent); ++t) {
    const CoreBeats beats = core_beats(sent, t, encoder.n_answers());
    for (const Word& word : beats.input) info.input_beats.push_back(word.hex());
    for (const Word& word : beats.output) info.output_beats.push_back(word.hex());
  }
  info.sources.push_back(name + ".sv");
  for (const Image& image : verilog.images) info.images.push_back(image.file());
  const auto clock = static_cast<double>(clock_mhz);
  info.ulx3s = Ulx3s{.clock_mhz = clock, .baud = baud_for(ecp5_pll(clock).mhz()), .most_tokens = size.longest};
  return info;
}

engine::Json core_metadata(const Graph& graph, const CoreSize& size) {
  const Encoder encoder = encoder_of(graph);
  const CorePlan plan = plan_core(encoder, size);
  engine::Json memories = engine::Json::array(), cycles = engine::Json::array();
  for (const CoreMemory& memory : memories_of(encoder, plan))
    memories.push_back({{"name", memory.name}, {"words", memory.words}, {"bits", memory.bits}, {"rom", memory.is_rom}});
  for (std::int64_t n = 1; n < 2 * size.longest; n *= 2) {
    const CoreCycles c = cycles_of(encoder, plan, std::min(n, size.longest));
    cycles.push_back({{"tokens", std::min(n, size.longest)}, {"cycles", c.total}, {"products", c.products}});
  }
  return {{"graph", graph.name},
          {"core", {{"pi", size.pi}, {"po", size.po}, {"lanes", size.lanes}, {"longest", size.longest}}},
          {"instructions", plan.program.size()},
          {"memories", memories},
          {"cycles", cycles}};
}

}  // namespace ingot::hw
