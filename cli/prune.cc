// ingot prune: weights set to 0, and what is left trained around them.
#include <fmt/format.h>

#include <cmath>

#include "cli/commands.h"
#include "cli/training_options.h"
#include "compress/footprint.h"
#include "compress/prune/pruner.h"
#include "engine/base/error.h"
#include "engine/io/json.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace {

using engine::require;

struct PruneCommand : pipeline::TrainingOptions {
  PruneCommand() {
    epochs = 0;
    learning_rate = 3e-4;
    length = 0;
  }
  std::string method = "l1", scope = "local";
  std::optional<double> sparsity;  // none: by the method
  double activations = 0;
  bool embeddings = false;
  double ramp = 0.5;
  std::int64_t validation = -1;
};

constexpr double kUsualSparsity = 0.5;

// What the options ask for, checked as far as that goes without a model.
compress::PruneOptions prune_options(const PruneCommand& o, std::uint64_t seed) {
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
  require(criterion->follow == nullptr || (o.epochs > 0 && o.ramp > 0),
          "--method {}: learns from training what to prune, which needs --epochs and --ramp above 0, got {} and {}",
          o.method, o.epochs, o.ramp);
  return p;
}

// What the masks prune, layer by layer.
std::string table(const compress::Footprint& footprint, const compress::Compression& compression) {
  std::string text = fmt::format("{:<44} {:>10} {:>10} {:>9}\n", "layer", "weights", "pruned", "sparsity");
  const auto line = [&](const std::string& name, std::int64_t weights, std::int64_t zeros) {
    text += fmt::format("{:<44} {:>10} {:>10} {:>9.4f}\n", name, weights, zeros,
                        static_cast<double>(zeros) / static_cast<double>(weights));
  };
  std::int64_t weights = 0, zeros = 0;
  for (const compress::LayerFootprint& layer : footprint.layers) {
    if (compression.at(layer.name).weight_mask.empty()) continue;
    line(layer.name, layer.weights, layer.zeros);
    weights += layer.weights;
    zeros += layer.zeros;
  }
  line("together", weights, zeros);
  return text;
}

// Scores of the model pruned at once, as it is without training.
engine::Json scores_at_once(const pipeline::FineTuning& f, const compress::PruneOptions& options) {
  pipeline::CompressedModel start = pipeline::starting_classifier(f.options);
  compress::Pruner(start.model, start.compression, options).prune(1);
  return pipeline::scores(f, start.model);
}

void run(const Command& command, const PruneCommand& o, const Common& common) {
  const pipeline::Run run = run_of(command, common);
  pipeline::check_options(o);
  pipeline::check_fine_tuning_options(o);
  const compress::PruneOptions options = prune_options(o, common.seed);
  const pipeline::OutputLock lock(o.out, full_name(command));
  pipeline::check_unused(run, o);
  pipeline::CompressedModel start = pipeline::starting_classifier(o);
  compress::Pruner pruner(start.model, start.compression, options);
  if (pruner.n_pruned() > 0) {
    say(fmt::format("{} of {} weights are pruned already: they stay so and count", pruner.n_pruned(),
                    pruner.n_weights()));
  }
  const std::unique_ptr<pipeline::TrainingTexts> texts = pipeline::training_texts(o, o.validation, common.seed);
  pipeline::match_labels(start.model.config, *texts);
  const data::Framing framing = pipeline::framing_of(o, start.model.config, *texts->tokenizer);
  pipeline::note_truncation(texts->corpus.train, framing, "training");
  const pipeline::FineTuning f{run, o, *texts, framing, start.model, start.compression};
  bert::Job job = pipeline::fine_tuning_job(f);
  const auto n_steps = static_cast<double>(o.epochs * job.steps_per_epoch);
  const auto ramp_steps = static_cast<std::int64_t>(std::ceil(o.ramp * n_steps));
  if (ramp_steps == 0) pruner.prune(1);
  compress::prune_while_training(job, pruner, ramp_steps);
  engine::Json result = pipeline::fine_tune(f, job);
  std::string text = table(compress::footprint(start.model, start.compression), start.compression);
  if (o.epochs > 0 && options.method.criterion->follow == nullptr) {
    result["before_fine_tuning"] = scores_at_once(f, options);
    text += fmt::format("pruned at once, before fine-tuning: accuracy {:.4f}\n",
                        result["before_fine_tuning"]["accuracy"].get<double>());
  }
  finish(command, common, o.out, result, text + pipeline::summary(result, o));
}

}  // namespace

void add_prune(Command& program) {
  Command& command = program.add_subcommand("prune", "set weights to 0, and fine-tune what is left");
  const auto common = add_common(command);
  const auto o = std::make_shared<PruneCommand>();
  command.add_option("model", o->from, "folder of a trained classifier, quantised or pruned before or not")
      .required()
      .type_name("DIR");
  add_data_options(command, *o).required();
  command.add_option("--out", o->out, "folder of the run: config, metrics, checkpoints, result").required();
  std::string methods;
  for (const compress::Criterion* criterion : compress::criteria()) {
    methods += fmt::format("{} ({}), ", criterion->name, criterion->summary);
  }
  command.add_option("--method", o->method, methods + "or N:M (of every M weights in a row the N largest stay: 2:4)");
  command.add_option("--scope", o->scope, "local: each tensor alone; global: all ranked together");
  command.add_option("--sparsity", o->sparsity, "share of the weights to prune; default 0.5, of N:M its own");
  command.add_option("--activations", o->activations,
                     "also this share of each token's inputs of every pruned Linear, the smallest |x|");
  command.add_flag("--embeddings", o->embeddings, "the embedding tables too");
  command.add_option("--ramp", o->ramp,
                     "share of the steps over which the sparsity grows, first fast and then slowly; 0: at once");
  command.add_option("--epochs", o->epochs, "passes over the training texts; 0: no training").range(0, 100000);
  add_step_options(command, *o);
  add_fine_tuning_options(command, *o);
  command.add_option("--validation", o->validation,
                     "training texts held out to choose the best epoch by; negative: a tenth, at most 2,500");
  set_action(command, "ingot prune runs/imdb --data aclImdb.tar.gz --sparsity 0.9 --epochs 1 --out runs/p90", common,
             [&command, o, common] { run(command, *o, *common); });
}

}  // namespace ingot::cli
