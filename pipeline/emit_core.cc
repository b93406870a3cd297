#include "pipeline/emit_core.h"

#include <fmt/format.h>

#include "bert/train/classification.h"
#include "compress/integer/fused_runner.h"
#include "compress/lower/whole_model.h"
#include "engine/base/error.h"
#include "hw/core/fit.h"
#include "hw/core/memory.h"
#include "hw/core/schedule.h"
#include "pipeline/activations.h"
#include "pipeline/classifier.h"

namespace ingot::pipeline {
namespace {

using engine::require;

// "8" or "8x4": PI x PO; or what the target holds.
hw::CoreSize size_of(const EmitOptions& o, const hw::Encoder& encoder, std::int64_t longest) {
  require(o.target.empty() || o.parallelism.empty(),
          "--parallelism, --target: choose the same thing; give one of them");
  if (!o.target.empty()) return hw::choose_size(encoder, longest, o.lanes, hw::parse_target(o.target));
  const std::string text = o.parallelism.empty() ? "8" : o.parallelism;
  const std::size_t x = text.find('x');
  const auto number = [&](const std::string& part) {
    const bool is_number =
        !part.empty() && part.size() <= 3 && part.find_first_not_of("0123456789") == std::string::npos;
    require(is_number, "--parallelism: of a model must be N or PIxPO, as in 8 or 8x8, got '{}'", text);
    return static_cast<std::int64_t>(std::stoll(part));
  };
  const std::int64_t pi = number(text.substr(0, x)), po = x == std::string::npos ? pi : number(text.substr(x + 1));
  return {.pi = pi, .po = po, .lanes = o.lanes, .longest = longest};
}

hw::Texts real_texts(const EmitOptions& o, const Classifier& c, const hw::Graph& graph) {
  const Activations activations(o, c);
  const bert::Subset& subset = activations.subset();
  hw::Texts texts;
  for (std::size_t i = 0; i < subset.examples.size(); ++i) {
    const std::size_t members[] = {i};
    const bert::Input input = bert::make_input(bert::make_batch(subset, members, c.framing));
    texts.ids.insert(texts.ids.end(), input.ids.begin(), input.ids.end());
    texts.types.insert(texts.types.end(), input.token_types.begin(), input.token_types.end());
    texts.offsets.push_back(static_cast<std::int32_t>(texts.ids.size()));
  }
  const std::vector<compress::Codes> inputs{texts.ids, texts.types};
  texts.answers = compress::FusedRunner(graph).run(inputs, texts.offsets).front();
  return texts;
}

std::string text_of(const hw::Encoder& encoder, const hw::CorePlan& plan) {
  const hw::CoreSize& size = plan.size;
  std::string text = fmt::format("{:<28}{:>9}{:>7}{:>8}\n", "memory", "words", "bits", "copies");
  std::int64_t bits = 0;
  for (const hw::CoreMemory& memory : hw::memories_of(encoder, plan)) {
    text += fmt::format("{:<28}{:>9}{:>7}{:>8}\n", memory.name, memory.words, memory.bits, memory.copies);
    bits += memory.words * memory.bits * memory.copies;
  }
  text += fmt::format("{:.2f} Mbit in all\n\n{:<28}{:>12}{:>18}{:>10}\n", static_cast<double>(bits) / 1048576,
                      "tokens of a text", "cycles", "cycles a token", "busy");
  for (std::int64_t n = 1; n < 2 * size.longest; n *= 4) {
    const std::int64_t tokens = std::min(n, size.longest);
    const hw::CoreCycles c = hw::cycles_of(encoder, plan, tokens);
    text += fmt::format("{:<28}{:>12}{:>18.0f}{:>9.1f}%\n", tokens, c.total,
                        static_cast<double>(c.total) / static_cast<double>(tokens),
                        100 * static_cast<double>(c.products) / static_cast<double>(c.total));
  }
  return text;
}

}  // namespace

void emit_core(const EmitOptions& o, const Run& run, const Finish& finish) {
  require(o.cycles == 0 && o.multipliers == 0, "--cycles, --multipliers: choose blocks; --parallelism is for a model");
  Classifier c = load_classifier(o.model, o.length);
  const hw::Graph graph = compress::lower_model(c.compressed.model, c.compressed.compression);
  const hw::Encoder encoder = hw::encoder_of(graph);
  const hw::CorePlan plan = hw::plan_core(encoder, size_of(o, encoder, static_cast<std::int64_t>(c.framing.length)));
  std::optional<hw::Texts> texts;
  if (o.activations > 0) texts = real_texts(o, c, graph);
  const hw::Manifest manifest = hw::write_core_rtl(o.out, graph, plan.size, texts, o.name, o.clock);
  write_config(o.out, run.config);
  const hw::CoreCycles cycles = hw::cycles_of(encoder, plan, plan.size.longest);
  const std::int64_t n_texts = texts ? texts->size() : 0;
  std::string text = text_of(encoder, plan);
  text += fmt::format("\n{}: {} files, {} x {} products a cycle, texts of at most {} tokens", o.out,
                      manifest.files.size() + 1, plan.size.pi, plan.size.po, plan.size.longest);
  text += n_texts > 0 ? fmt::format(", {} texts to simulate\n", n_texts) : "\n";
  finish({{"out", o.out},
          {"pi", plan.size.pi},
          {"po", plan.size.po},
          {"lanes", plan.size.lanes},
          {"longest", plan.size.longest},
          {"clock_mhz", o.clock},
          {"cycles", cycles.total},
          {"products", cycles.products},
          {"texts", n_texts}},
         text);
}

}  // namespace ingot::pipeline
