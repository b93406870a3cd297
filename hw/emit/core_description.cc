#include "hw/emit/core_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "compress/integer/ops/embedding.h"
#include "compress/integer/runner.h"
#include "engine/base/rng.h"
#include "hw/core/memory.h"
#include "hw/core/memory_ports.h"
#include "hw/core/rom_check.h"
#include "hw/core/schedule.h"

namespace ingot::hw {
namespace {

constexpr std::int64_t kMostCycles = 50'000;  // that the texts of the testbench should take

// The first texts that take few cycles together, at least one.
std::int64_t number_of_texts(const Encoder& encoder, const CorePlan& plan, const Texts& texts) {
  std::int64_t n = 0, cycles = 0;
  while (n < texts.size()) {
    cycles += cycles_of(encoder, plan, texts.tokens(n)).total;
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

// A beat of `bits` in all: the codes, zeros, and the bit that ends a packet.
Word beat(const std::vector<std::int64_t>& codes, int width, bool is_last, std::int64_t bits) {
  Word word;
  for (const std::int64_t code : codes) word.append(code, width);
  while (word.width() < bits - 1) word.append(0, 1);
  word.append(is_last ? 1 : 0, 1);
  return word;
}

// Rows as a packet, PI codes a beat.
void add_rows(std::span<const std::int32_t> rows, const CorePlan& plan, std::int64_t bits, std::vector<Word>& beats) {
  const auto pi = static_cast<std::size_t>(plan.size.pi);
  for (std::size_t at = 0; at < rows.size(); at += pi) {
    const auto part = rows.subspan(at, pi);
    beats.push_back(beat({part.begin(), part.end()}, plan.element_width, at + pi == rows.size(), bits));
  }
}

std::vector<std::pair<std::string, std::string>> facts(const Encoder& encoder, const CorePlan& plan,
                                                       std::int64_t clock_mhz, std::int64_t start) {
  const CoreSize& size = plan.size;
  const auto cycles = [&](std::int64_t n) { return cycles_of(encoder, plan, n); };
  const CoreCycles longest = cycles(size.longest);
  const bool is_rows = encoder.takes_rows();
  const char* const tokens = is_rows ? "rows" : "tokens";
  return {
      {is_rows ? "Rows of a text" : "Tokens of a text", fmt::format("1 to {}", size.longest)},
      {"Cycles of a text", fmt::format("{} of {} {}, {} of 1", longest.total, size.longest, tokens, cycles(1).total)},
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
       fmt::format("goes on in the next one: both are one text. If that has more than {} {}, the rest is taken "
                   "and dropped up to tlast, and error 1 is the one answer to all of it",
                   size.longest, tokens)},
      {"Errors in the status",
       fmt::format("1: too many {}, {}, 4: the ROMs do not hold what they should; such a text has no answers", tokens,
                   is_rows ? "2: its last row is not whole"
                           : "2: an id that the vocabulary lacks, 3: a type that the model lacks")}};
}

std::string title(const Graph& graph, const Encoder& encoder) {
  if (encoder.takes_rows())
    return fmt::format("{}: rows of {} codes become rows of the last layer.", graph.name, encoder.hidden());
  return fmt::format("{}: a text of tokens becomes {} numbers{}.", graph.name, encoder.n_answers(),
                     encoder.answers_rows() ? " a token" : "");
}

// How PI codes of a row lie in a beat.
std::string row_part(const Encoder& encoder, const CorePlan& plan, const FixedPoint& format) {
  const std::int64_t pi = plan.size.pi, beats = encoder.hidden() / pi;
  return fmt::format(
      "a row is {0} codes of {1} in {2} beats of {3}: code i of beat b is number {3} b + i, two's complement in bits "
      "[{4} i +: {4}]; number = code / 2^{5}",
      encoder.hidden(), to_string(format), beats, pi, plan.element_width, format.frac_bits);
}

std::string meaning_in(const Encoder& encoder, const CorePlan& plan) {
  if (!encoder.takes_rows()) return "a text is a packet, a token a beat: {last, type (8 bits), id (24 bits)}";
  return fmt::format("a text is a packet of rows, its highest bit ends it; {}",
                     row_part(encoder, plan, encoder.rows.format));
}

std::string meaning_out(const Encoder& encoder, const CorePlan& plan) {
  const std::string status = "first the status {version (8 bits), error (8 bits), length (16 bits)}, then ";
  if (!encoder.takes_rows()) return "an answer is a packet: {last, word (32 bits)}; " + status + "the numbers";
  return fmt::format("an answer is a packet, its highest bit ends it; {}the rows; {}", status,
                     row_part(encoder, plan, encoder.layers.back().output_norm.norm.output()));
}

PackageMemories memories_outside(const std::vector<const Image*>& images, const std::string& name) {
  PackageMemories memories{.module = with_memory(name), .latency = kMemoryLatency};
  for (const Image* image : images)
    memories.all.push_back({.name = image->name,
                            .file = (name == kTopName ? "" : name + ".") + image->file(),
                            .words = image->depth(),
                            .bits = image->width(),
                            .address_bits = address_width(image->depth())});
  return memories;
}

}  // namespace

CoreBeats core_beats(const Encoder& encoder, const CorePlan& plan, const Texts& texts, std::int64_t text) {
  const std::vector<compress::Codes> inputs = texts.inputs(text, encoder.hidden());
  const std::int64_t n = texts.tokens(text), out = bits_out(encoder, plan);
  const std::int64_t first = encoder.answers_rows() ? texts.offsets[static_cast<std::size_t>(text)] : text,
                     n_answers = encoder.answers_rows() ? n * encoder.n_answers() : encoder.n_answers();
  const auto answers =
      std::span(texts.answers)
          .subspan(static_cast<std::size_t>(first * encoder.n_answers()), static_cast<std::size_t>(n_answers));
  CoreBeats beats;
  beats.output.push_back(beat({std::int64_t{kCoreVersion} << 24 | n}, 32, false, out));
  if (encoder.takes_rows()) {
    add_rows(inputs[0], plan, bits_in(encoder, plan), beats.input);
    add_rows(answers, plan, out, beats.output);
    return beats;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const auto token = static_cast<std::size_t>(i);
    beats.input.push_back(beat({inputs[0][token] | std::int64_t{inputs[1][token]} << 24}, 32, i + 1 == n, out));
  }
  for (std::size_t i = 0; i < answers.size(); ++i)
    beats.output.push_back(beat({answers[i]}, 32, i + 1 == answers.size(), out));
  return beats;
}

Texts random_texts(const Graph& graph, const std::vector<std::int64_t>& lengths, std::uint64_t seed) {
  const Encoder encoder = encoder_of(graph);
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::test));
  const auto draw = [&](std::int64_t n) { return static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(n))); };
  Texts texts;
  for (const std::int64_t n : lengths) {
    if (encoder.takes_rows()) {
      const engine::CodeRange codes = encoder.rows.format.codes();
      for (std::int64_t i = 0; i < n * encoder.hidden(); ++i)
        texts.rows.push_back(static_cast<std::int32_t>(codes.lowest) + draw(codes.highest - codes.lowest + 1));
    } else {
      const auto& sum = *encoder.embedding->as<compress::EmbeddingSum>();
      for (std::int64_t i = 0; i < n; ++i) {
        texts.ids.push_back(draw(sum.word.n));
        texts.types.push_back(draw(sum.token_type.n));
      }
    }
    texts.offsets.push_back(texts.offsets.back() + static_cast<std::int32_t>(n));
  }
  std::vector<compress::Codes> inputs{texts.ids, texts.types};
  if (encoder.takes_rows()) inputs = {texts.rows};
  texts.answers = compress::GraphRunner(graph).run(inputs, texts.offsets).front();
  return texts;
}

PackageInfo core_description(const Graph& graph, const CoreSize& size, const Verilog& verilog, const std::string& name,
                             const std::optional<Texts>& texts, std::int64_t clock_mhz) {
  const Encoder encoder = encoder_of(graph);
  const CorePlan plan = plan_core(encoder, size);
  const CoreImages images = make_images(encoder, plan);
  const std::int64_t start = rom_check(images, plan).cycles();
  const Texts sent = texts && texts->size() > 0 ? *texts : random_texts(graph, short_lengths(size.longest), 1);
  PackageInfo info{.top = name,
                   .title = title(graph, encoder),
                   .sources = verilog.dependences,
                   .most_idle = start + 2 * cycles_of(encoder, plan, size.longest).total + 2000,
                   .facts = facts(encoder, plan, clock_mhz, start)};
  info.input = {.bits = bits_in(encoder, plan), .beats = 0, .meaning = meaning_in(encoder, plan)};
  info.output = {.bits = bits_out(encoder, plan), .beats = 0, .meaning = meaning_out(encoder, plan)};
  for (std::int64_t t = 0; t < number_of_texts(encoder, plan, sent); ++t) {
    const CoreBeats beats = core_beats(encoder, plan, sent, t);
    for (const Word& word : beats.input) info.input_beats.push_back(word.hex());
    for (const Word& word : beats.output) info.output_beats.push_back(word.hex());
  }
  info.sources.push_back(name + ".sv");
  for (const Image& image : verilog.images) info.images.push_back(image.file());
  if (size.streams_weights) info.memories = memories_outside(outside_images(images), name);
  const auto clock = static_cast<double>(clock_mhz);
  if (!encoder.takes_rows() && !size.streams_weights)
    info.ulx3s = Ulx3s{.clock_mhz = clock, .baud = baud_for(ecp5_pll(clock).mhz()), .most_tokens = size.longest};
  return info;
}

engine::Json core_metadata(const Graph& graph, const CoreSize& size) {
  const Encoder encoder = encoder_of(graph);
  const CorePlan plan = plan_core(encoder, size);
  engine::Json memories = engine::Json::array(), cycles = engine::Json::array();
  for (const CoreMemory& memory : memories_of(encoder, plan)) {
    memories.push_back({{"name", memory.name}, {"words", memory.words}, {"bits", memory.bits}, {"rom", memory.is_rom}});
    if (memory.is_outside) memories.back()["outside"] = true;
  }
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
