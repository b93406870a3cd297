#include "pipeline/prune.h"

#include <fmt/format.h>

#include <cmath>

#include "compress/packed/footprint.h"
#include "compress/prune/pruner.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/distillation.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/output_lock.h"
#include "pipeline/precision.h"
#include "pipeline/rank_folder.h"
#include "report/text_table.h"

namespace ingot::pipeline {
namespace {

using engine::require;

constexpr double kUsualSparsity = 0.5;

// What the options ask for, checked as far as that goes without a model.
compress::PruneOptions prune_options(const PruningOptions& o, std::uint64_t seed) {
  compress::PruneOptions p{.method = compress::parse_method(o.method),
                           .scope = compress::scope_from_name(o.scope),
                           .sparsity = o.sparsity.value_or(kUsualSparsity),
                           .activations = o.activations,
                           .embeddings = o.embeddings,
                           .seed = seed};
  compress::check(p);
  const auto [criterion, kept, group] = p.method;
  if (group > 0 && o.sparsity) {
    const double own = 1 - static_cast<double>(kept) / static_cast<double>(group);
    require(std::abs(*o.sparsity - own) < 1e-6, "--sparsity: --method {} prunes {:g} of the weights, got {}", o.method,
            own, *o.sparsity);
  }
  require(o.ramp >= 0 && o.ramp <= 1, "--ramp: must be between 0 and 1, got {}", o.ramp);
  require(criterion->follow == nullptr || (o.has_training() && o.ramp > 0),
          "--method {}: learns from training what to prune, which needs --epochs and --ramp above 0, got {} and {}",
          o.method, o.epochs, o.ramp);
  return p;
}

// What the masks prune, layer by layer.
std::string table_of(const compress::Footprint& footprint, const compress::Compression& compression) {
  report::TextTable table{.headers = {"layer", "weights", "pruned", "sparsity"}, .rows = {}};
  const auto line = [&](const std::string& name, std::int64_t weights, std::int64_t zeros) {
    table.rows.push_back({name, std::to_string(weights), std::to_string(zeros),
                          fmt::format("{:.4f}", static_cast<double>(zeros) / static_cast<double>(weights))});
  };
  std::int64_t weights = 0, zeros = 0;
  for (const compress::LayerFootprint& layer : footprint.layers) {
    if (compression.at(layer.name).weight_mask.empty()) continue;
    line(layer.name, layer.weights, layer.zeros);
    weights += layer.weights;
    zeros += layer.zeros;
  }
  line("together", weights, zeros);
  return table.aligned();
}

// Scores of the model pruned at once, as it is without training.
Scores scores_at_once(const FineTuning& f, const compress::PruneOptions& options) {
  CompressedModel start = starting_classifier(f.options);
  compress::Pruner(start.model, start.compression, options).prune(1);
  return scores(f, start);
}

}  // namespace

void prune_classifier(const PruningOptions& given, const Run& run, const Finish& finish) {
  RankFolder folder;
  const PruningOptions o = folder.of_rank(given);
  check_options(o);
  check_fine_tuning_options(o, nullptr);
  const compress::PruneOptions options = prune_options(o, run.seed);
  check_distillation_options(o);
  const OutputLock lock(o.out, run.command);
  check_unused(run, o);
  CompressedModel start = starting_classifier(o);
  check_fine_tuning_options(o, start.model.config.head);
  compress::Pruner pruner(start.model, start.compression, options);
  if (pruner.n_pruned() > 0) {
    engine::say(fmt::format("{} of {} weights are pruned already: they stay so and count", pruner.n_pruned(),
                            pruner.n_weights()));
  }
  const std::unique_ptr<TrainingTexts> texts = training_texts(o, *start.model.config.head, o.validation, run.seed);
  match_labels(start.model.config, *texts);
  set_precision(start.model, o.precision, start.compression, o.from);
  const data::Framing framing = framing_of(o, start.model.config, *texts->tokenizer);
  note_truncation(texts->corpus.train, framing, "training");
  const auto distillation = distillation_of(o, start.model.config, *texts, framing, run.seed);
  const FineTuning f{run,
                     o,
                     *texts,
                     framing,
                     start.model,
                     start.compression,
                     distillation != nullptr ? &distillation->teaching : nullptr};
  bert::Job job = fine_tuning_job(f);
  const auto n_steps = static_cast<double>(o.has_training() ? bert::n_steps(job, trainer_options(o, run.seed)) : 0);
  const auto ramp_steps = static_cast<std::int64_t>(std::ceil(o.ramp * n_steps));
  if (ramp_steps == 0) pruner.prune(1);
  compress::prune_while_training(job, pruner, ramp_steps);
  const FineTuned tuned = fine_tune(f, job);
  engine::Json result = as_json(tuned);
  std::string text = table_of(compress::footprint(start.model, start.compression), start.compression);
  if (o.has_training() && options.method.criterion->follow == nullptr) {
    const Scores before = scores_at_once(f, options);
    result["before_fine_tuning"] = as_json(before);
    const auto& [metric, value] = before.measured.front();
    text += fmt::format("pruned at once, before fine-tuning: {} {:.4f}\n", metric->title, value);
  }
  finish(result, text + summary(tuned.best, o.out));
}

}  // namespace ingot::pipeline
