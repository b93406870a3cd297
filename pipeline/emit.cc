#include "pipeline/emit.h"

#include <fmt/format.h>

#include "bert/train/classification.h"
#include "compress/integer/runner.h"
#include "compress/lower/block.h"
#include "compress/lower/model_file.h"
#include "compress/lower/recorder.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "hw/emit/folder.h"
#include "hw/names.h"
#include "hw/passes/metadata.h"
#include "hw/passes/parallelism.h"
#include "hw/passes/products.h"
#include "pipeline/activations.h"
#include "pipeline/classifier.h"
#include "pipeline/emit_core.h"
#include "pipeline/output_lock.h"
#include "pipeline/training.h"

namespace ingot::pipeline {
namespace {

using engine::require;

hw::Vectors real_vectors(const EmitOptions& o, const Classifier& c, const hw::Graph& graph) {
  const Activations activations(o, c);
  const bert::Subset& subset = activations.subset();
  compress::BlockRecorder recorder(c.model(), o.block, graph);
  engine::Progress meter("activations", o.activations);
  std::int64_t done = 0;
  for (const auto& members : data::evaluation_order(subset.lengths(c.framing), 16)) {
    recorder.run(bert::make_input(bert::make_batch(subset, members, c.framing)));
    meter.update(done += static_cast<std::int64_t>(members.size()));
  }
  return recorder.vectors();
}

void choose_parallelism(hw::Graph& graph, const EmitOptions& o) {
  const int n = !o.parallelism.empty() + (o.cycles > 0) + (o.multipliers > 0);
  require(n <= 1, "--parallelism, --cycles, --multipliers: choose the same thing; give one of them");
  const std::optional<hw::Target> target = o.target.empty() ? std::nullopt : std::optional(hw::parse_target(o.target));
  if (target && n == 0) return hw::choose_for_target(graph, *target);
  if (o.cycles > 0) {
    hw::choose_for_cycles(graph, o.cycles, target);
  } else if (o.multipliers > 0) {
    hw::choose_for_multipliers(graph, o.multipliers, target);
  } else {
    return hw::set_parallelism(graph, o.parallelism.empty() ? "1" : o.parallelism, target);
  }
  hw::choose_products(graph);
}

struct Source {
  hw::Graph graph;
  std::optional<hw::Vectors> vectors;
};

Source from_file(const EmitOptions& o, std::uint64_t seed) {
  require(o.block.empty(), "--block: names a part of a trained model; {} is emitted as a whole", o.model);
  require(o.activations == 0, "--activations: are those of a trained model; {} may hold vectors", o.model);
  compress::ModelFile file = compress::read_model_file(o.model, seed);
  choose_parallelism(file.graph, o);
  if (file.vectors.empty()) return {std::move(file.graph), {}};
  hw::Vectors vectors{.n = static_cast<std::int64_t>(file.vectors.size()) / file.graph.n_in(), .input = file.vectors};
  vectors.output = compress::GraphRunner(file.graph).run(vectors.input);
  return {std::move(file.graph), std::move(vectors)};
}

Source from_model(const EmitOptions& o) {
  require(o.activations == 0 || has_data(o), "--activations: needs the texts; give --data");
  Classifier c = load_classifier(o.model, 0);
  require(!o.block.empty(), "--block: must be one of {}, {} for all of it, or {} or {}.N for its layers",
          fmt::join(compress::block_names(c.model().config), ", "), kWholeModel, kEncoder, kEncoder);
  const compress::IntegerProgram program = compress::lower(c.compressed.model, c.compressed.compression);
  Source source{.graph = compress::lower_block(program, c.model().config, o.block)};
  choose_parallelism(source.graph, o);
  if (o.activations > 0) source.vectors = real_vectors(o, c, source.graph);
  return source;
}

}  // namespace

void emit_rtl(const EmitOptions& o, const Run& run, const Finish& finish) {
  require(!o.out.empty(), "--out: must name a folder, got ''");
  hw::check_module_name("--name", o.name);
  const bool streams = engine::with_subject("--weight-memory", [&] { return hw::streams_weights(o.weight_memory); });
  const OutputLock lock = OutputLock::beside(o.out, run.command);
  hw::check_replaceable(o.out);
  if (is_core(o.block)) return emit_core(o, run, finish);
  require(o.clock == hw::kUsualClock, "--clock: is of a whole model (--block {}); a block has no board", kWholeModel);
  require(!streams,
          "--weight-memory: stream is of a whole model (--block {}) or its layers; a block has its weights in it",
          kWholeModel);
  const Source source = o.model.ends_with(".toml") ? from_file(o, run.seed) : from_model(o);
  const hw::Manifest manifest = hw::write_rtl(o.out, source.graph, source.vectors, o.name);
  write_config(o.out, run.config);
  const engine::Json metadata = hw::metadata(source.graph);
  const std::int64_t n_vectors = source.vectors ? source.vectors->n : 0;
  const std::vector<std::string> products = hw::reasons(source.graph);
  std::string text = hw::metadata_table(metadata);
  text += fmt::format("\n{}\n", fmt::join(products, "\n"));
  text += fmt::format("\n{}: {} files, {} multipliers, a vector every {} cycles", o.out, manifest.files.size() + 1,
                      hw::multipliers(source.graph), manifest.interval);
  text += n_vectors > 0 ? fmt::format(", {} vectors to simulate\n", n_vectors) : "\n";
  finish({{"out", o.out},
          {"metadata", metadata},
          {"interval", manifest.interval},
          {"multipliers", hw::multipliers(source.graph)},
          {"products", products},
          {"vectors", n_vectors}},
         text);
}

}  // namespace ingot::pipeline
