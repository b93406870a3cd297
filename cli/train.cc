// ingot train: a classifier from labelled text.
#include "bert/checkpoint.h"
#include "cli/commands.h"
#include "cli/training_options.h"
#include "engine/base/error.h"
#include "engine/io/json.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace {

using engine::require;

struct TrainOptions : pipeline::TrainingOptions {
  std::string pooling = "auto";
  std::int64_t validation = -1;  // examples; negative: by rule
};

// A pooler that exists keeps reading what it was trained on. A new one reads the mean: from fresh weights attention to
// [CLS] is learned late, or on some seeds hardly at all within an epoch.
bert::Pooling pooling_of(const TrainOptions& o, const bert::Config& start) {
  if (o.pooling == "cls") return bert::Pooling::cls;
  if (o.pooling == "mean") return bert::Pooling::mean;
  const bool new_pooler = o.from.empty() || !start.has_pooler();
  return new_pooler ? bert::Pooling::mean : start.pooling;
}

// With the compression of the classifier it starts from; a new head is not what was compressed.
pipeline::CompressedModel starting_model(const TrainOptions& o, const pipeline::TrainingTexts& texts,
                                         std::uint64_t seed) {
  bert::Config config;
  std::filesystem::path folder;
  if (o.from.empty()) {
    config = pipeline::config_of(o, *texts.tokenizer);
  } else {
    folder = pipeline::resolve_model_folder(o.from);
    config = bert::read_config(folder / "config.json");
    if (config.task == bert::Task::encoder) config.pooler = bert::has_pooler(folder);
    pipeline::check_vocabulary(config, *texts.tokenizer, o.from);
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = static_cast<float>(o.dropout);
  }
  const std::vector<std::string>& label_names = texts.corpus.label_names;
  const bool had_labels = config.task == bert::Task::sequence_classification;
  const bool same_task = config.task == bert::Task::sequence_classification && config.label_names == label_names;
  config.pooling = pooling_of(o, config);
  config.task = bert::Task::sequence_classification;
  config.pooler = true;
  config.label_names = label_names;
  if (o.from.empty()) return {bert::make_model(config, seed), {}};
  if (had_labels && !same_task)
    say(fmt::format("note: the labels of the data are not those of {}: what classifies starts afresh", o.from));
  bert::Model model =
      same_task ? bert::with_config(bert::load_model(folder), config) : bert::model_from_body(folder, config, seed);
  return pipeline::with_compression(std::move(model), folder);
}

void run(const Command& command, const TrainOptions& o, const Common& common) {
  const pipeline::Run run = run_of(command, common);
  require(o.pooling == "auto" || o.pooling == "cls" || o.pooling == "mean",
          "--pooling: must be auto, cls or mean, got '{}'", o.pooling);
  pipeline::check_options(o);
  pipeline::check_fine_tuning_options(o);
  const pipeline::OutputLock lock(o.out, full_name(command));
  pipeline::check_unused(run, o);
  const std::unique_ptr<pipeline::TrainingTexts> texts = pipeline::training_texts(o, o.validation, common.seed);
  pipeline::CompressedModel start = starting_model(o, *texts, common.seed);
  const data::Framing framing = pipeline::framing_of(o, start.model.config, *texts->tokenizer);
  pipeline::note_truncation(texts->corpus.train, framing, "training");
  const pipeline::FineTuning fine_tuning{run, o, *texts, framing, start.model, start.compression};
  const engine::Json result = pipeline::fine_tune(fine_tuning, pipeline::fine_tuning_job(fine_tuning));
  finish(command, common, o.out, result, pipeline::summary(result, o));
}

}  // namespace

void add_train(Command& program) {
  Command& command = program.add_subcommand("train", "train a classifier on labelled text");
  const auto common = add_common(command);
  const auto options = std::make_shared<TrainOptions>();
  add_training_options(command, *options);
  add_fine_tuning_options(command, *options);
  command.add_option(
      "--pooling", options->pooling,
      "summary of a text for the classifier: cls or mean; auto: as in the model it starts from, mean if that has none");
  command.add_option("--validation", options->validation,
                     "training texts held out to choose the best epoch by; negative: a tenth, at most 2,500");
  set_action(command, "ingot train --data aclImdb.tar.gz --model tiny --epochs 1 --lr 1e-3 --out runs/imdb", common,
             [&command, options, common] { run(command, *options, *common); });
}

}  // namespace ingot::cli
