#include "pipeline/recipe.h"

#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/named.h"
#include "engine/io/json.h"
#include "pipeline/pretrain.h"
#include "pipeline/rank_folder.h"

namespace ingot::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNone = "none";

constexpr Recipe kRecipes[] = {
    {"fast", "one epoch from fresh weights", 0, 1, 1e-3},
    {"good", "one epoch of pretraining, then one", 1, 1, 1e-3},
    {"best", "three epochs of pretraining, then three", 3, 3, 5e-4},
};

const Recipe& recipe_named(const std::string& name) {
  return engine::row_named(kRecipes, name, "--recipe: must be none or one of {}, got '{}'");
}

}  // namespace

std::span<const Recipe> recipes() { return kRecipes; }

TrainOptions with_recipe(const TrainOptions& options, const std::set<std::string>& given) {
  TrainOptions o = options;
  if (o.recipe == kNone) return o;
  const Recipe& recipe = recipe_named(o.recipe);
  engine::require(recipe.pretraining_epochs == 0 || o.from.empty(),
                  "--recipe {}: pretrains a model of its own; it goes without --from", o.recipe);
  if (!given.contains("--epochs")) o.epochs = recipe.epochs;
  if (!given.contains("--lr")) o.learning_rate = recipe.learning_rate;
  if (!given.contains("--teacher")) o.teacher = "ngrams";
  return o;
}

TrainOptions pretrained(const TrainOptions& options, const Run& run) {
  if (options.recipe == kNone || recipe_named(options.recipe).pretraining_epochs == 0) return options;
  require_alone(
      fmt::format("--recipe {}: pretraining and training (by ranks: pretrain, then train --from)", options.recipe));
  const fs::path out = fs::path(options.out) / "pretrained";
  if (!fs::exists(out / "result.json")) {
    PretrainOptions first;
    const double learning_rate = first.learning_rate, beta2 = first.beta2;
    const std::int64_t batch = first.batch, length = std::min(first.length, options.positions);
    static_cast<TrainingOptions&>(first) = options;  // data, sizes, tokenizer; the rest is pretraining's own
    const TrainingOptions plain = PretrainOptions();
    first.epochs = recipe_named(options.recipe).pretraining_epochs;
    first.learning_rate = learning_rate;
    first.beta2 = beta2;
    first.batch = batch;
    first.length = length;
    first.truncation = plain.truncation;
    first.weight_decay = plain.weight_decay;
    first.max_steps = first.eval_every = first.patience = 0;
    first.accumulate = 1;
    first.layer_decay = 1;
    first.label_smoothing = 0;
    first.teacher.clear();
    first.out = out.string();
    const Run stage{.command = run.command,
                    .options = {{"recipe", options.recipe}},
                    .seed = run.seed,
                    .config = run.config,
                    .given = {}};
    pretrain(first, stage, [&](const engine::Json& result, const std::string&) {
      engine::write_file(out / "result.json", result.dump(2) + "\n");
    });
  }
  TrainOptions o = options;
  const TrainingOptions plain;
  o.from = (out / "best").string();
  o.tokenizer.clear();
  o.sizes_of.clear();
  o.model = plain.model;
  o.layers = o.hidden = o.heads = o.ffn = 0;
  o.positions = plain.positions;
  return o;
}

}  // namespace ingot::pipeline
