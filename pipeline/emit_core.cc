#include "pipeline/emit_core.h"

#include <fmt/format.h>

#include "bert/train/classification.h"
#include "compress/integer/fused_runner.h"
#include "compress/integer/runner.h"
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
  const bool streams = hw::streams_weights(o.weight_memory);
  if (!o.target.empty()) return hw::choose_size(encoder, longest, o.lanes, hw::parse_target(o.target), streams);
  const std::string text = o.parallelism.empty() ? "8" : o.parallelism;
  const std::size_t x = text.find('x');
  const auto number = [&](const std::string& part) {
    const bool is_number =
        !part.empty() && part.size() <= 3 && part.find_first_not_of("0123456789") == std::string::npos;
    require(is_number, "--parallelism: of a model must be N or PIxPO, as in 8 or 8x8, got '{}'", text);
    return static_cast<std::int64_t>(std::stoll(part));
  };
  const std::int64_t pi = number(text.substr(0, x)), po = x == std::string::npos ? pi : number(text.substr(x + 1));
  return {.pi = pi, .po = po, .lanes = o.lanes, .longest = longest, .streams_weights = streams};
}

// The layers that a block names; none: the whole model.
struct Layers {
  std::int64_t first = 0, n = 0;
};

Layers layers_of(const std::string& block, const Classifier& c) {
  const std::int64_t n = c.model().config.num_hidden_layers;
  if (block == kWholeModel) return {};
  if (block == kEncoder) return {0, n};
  const std::string number = block.substr(std::string_view(kEncoder).size() + 1);
  const bool is_number =
      !number.empty() && number.size() <= 3 && number.find_first_not_of("0123456789") == std::string::npos;
  require(is_number && std::stoll(number) < n, "--block: the model has {0}, {0}.0 to {0}.{1}, got '{2}'", kEncoder,
          n - 1, block);
  return {std::stoll(number), 1};
}

void append(const compress::Codes& codes, std::vector<std::int32_t>& all) {
  all.insert(all.end(), codes.begin(), codes.end());
}

// What the texts of --data make of the rows before and after the layers, by the graph of the whole model.
void add_rows(const hw::Graph& whole, const Layers& layers, hw::Texts& texts) {
  const hw::Encoder encoder = hw::encoder_of(whole);
  const auto at = [&](std::int64_t i) { return encoder.layers.at(static_cast<std::size_t>(i)); };
  const std::size_t in = at(layers.first).query.linear.node().inputs.front(),
                    out = at(layers.first + layers.n - 1).output_norm.norm.node().outputs.front();
  compress::GraphRunner runner(whole);
  std::vector<std::int32_t> rows, answers;
  for (std::int64_t t = 0; t < texts.size(); ++t) {
    const std::int32_t borders[] = {0, static_cast<std::int32_t>(texts.tokens(t))};
    const std::vector<compress::Codes> edges = runner.edges(texts.inputs(t, 1), borders);
    append(edges[in], rows);
    append(edges[out], answers);
  }
  texts.rows = std::move(rows);
  texts.answers = std::move(answers);
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
  std::int64_t bits = 0, outside = 0;
  for (const hw::CoreMemory& memory : hw::memories_of(encoder, plan)) {
    text += fmt::format("{:<28}{:>9}{:>7}{:>8}{}\n", memory.name, memory.words, memory.bits, memory.copies,
                        memory.is_outside ? "  outside" : "");
    (memory.is_outside ? outside : bits) += memory.words * memory.bits * memory.copies;
  }
  const auto megabits = [](std::int64_t n) { return static_cast<double>(n) / 1048576; };
  text += fmt::format("{:.2f} Mbit in all", megabits(bits));
  text += outside > 0 ? fmt::format(", and {:.2f} Mbit outside\n\n", megabits(outside)) : "\n\n";
  text += fmt::format("{:<28}{:>12}{:>18}{:>10}\n", "tokens of a text", "cycles", "cycles a token", "busy");
  for (std::int64_t n = 1; n < 4 * size.longest; n *= 4) {
    const std::int64_t tokens = std::min(n, size.longest);
    const hw::CoreCycles c = hw::cycles_of(encoder, plan, tokens);
    text += fmt::format("{:<28}{:>12}{:>18.0f}{:>9.1f}%\n", tokens, c.total,
                        static_cast<double>(c.total) / static_cast<double>(tokens),
                        100 * static_cast<double>(c.products) / static_cast<double>(c.total));
  }
  return text;
}

}  // namespace

bool is_core(const std::string& block) {
  return block == kWholeModel || block == kEncoder || block.starts_with(std::string(kEncoder) + ".");
}

void emit_core(const EmitOptions& o, const Run& run, const Finish& finish) {
  require(o.cycles == 0 && o.multipliers == 0, "--cycles, --multipliers: choose blocks; --parallelism is for a model");
  Classifier c = load_classifier(o.model, o.length);
  const Layers layers = layers_of(o.block, c);
  const hw::Graph whole = compress::lower_model(c.compressed.model, c.compressed.compression);
  const hw::Graph graph =
      layers.n == 0 ? whole
                    : compress::lower_layers(c.compressed.model, c.compressed.compression, layers.first, layers.n);
  const hw::Encoder encoder = hw::encoder_of(graph);
  const hw::CorePlan plan = hw::plan_core(encoder, size_of(o, encoder, static_cast<std::int64_t>(c.framing.length)));
  std::optional<hw::Texts> texts;
  if (o.activations > 0) texts = real_texts(o, c, whole);
  if (o.activations > 0 && layers.n > 0) add_rows(whole, layers, *texts);
  const hw::Manifest manifest = hw::write_core_rtl(o.out, graph, plan.size, texts, o.name, o.clock);
  write_config(o.out, run.config);
  const hw::CoreCycles cycles = hw::cycles_of(encoder, plan, plan.size.longest);
  const std::int64_t n_texts = texts ? texts->size() : 0;
  std::string text = text_of(encoder, plan);
  text +=
      fmt::format("\n{}: {} files, {} x {} products a cycle, texts of at most {} {}", o.out, manifest.files.size() + 1,
                  plan.size.pi, plan.size.po, plan.size.longest, encoder.takes_rows() ? "rows" : "tokens");
  text += n_texts > 0 ? fmt::format(", {} texts to simulate\n", n_texts) : "\n";
  engine::Json result{{"out", o.out},
                      {"pi", plan.size.pi},
                      {"po", plan.size.po},
                      {"lanes", plan.size.lanes},
                      {"longest", plan.size.longest},
                      {"clock_mhz", o.clock},
                      {"cycles", cycles.total},
                      {"products", cycles.products},
                      {"texts", n_texts}};
  if (plan.size.streams_weights) result["weight_memory"] = o.weight_memory;
  finish(result, text);
}

}  // namespace ingot::pipeline
