#include "pipeline/train.h"

#include "bert/checkpoint.h"
#include "bert/heads/sequence_classification.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"

namespace ingot::pipeline {
namespace {

using engine::require;

// A pooler that exists keeps reading what it was trained on. A new one reads the mean: from fresh weights attention to
// [CLS] is learned late, or on some seeds hardly at all within an epoch.
bert::Pooling pooling_of(const TrainOptions& o, const bert::Config& start) {
  if (o.pooling == "cls") return bert::Pooling::cls;
  if (o.pooling == "mean") return bert::Pooling::mean;
  const bool new_pooler = o.from.empty() || !start.has_pooler();
  return new_pooler ? bert::Pooling::mean : start.pooling;
}

// With the compression of the classifier it starts from; a new head is not what was compressed.
CompressedModel starting_model(const TrainOptions& o, const TrainingTexts& texts, std::uint64_t seed) {
  bert::Config config;
  std::filesystem::path folder;
  if (o.from.empty()) {
    config = config_of(o, *texts.tokenizer);
  } else {
    folder = resolve_model_folder(o.from);
    config = bert::read_config(folder / "config.json");
    if (config.head->pooler == bert::PoolerUse::optional) config.pooler = bert::has_pooler(folder);
    check_vocabulary(config, *texts.tokenizer, o.from);
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = static_cast<float>(o.dropout);
  }
  const std::vector<std::string>& label_names = texts.corpus.label_names;
  const bool had_labels = bert::is_classifier(config);
  const bool same_task = had_labels && config.label_names == label_names;
  config.pooling = pooling_of(o, config);
  config.head = &bert::kSequenceClassification;
  config.pooler = true;
  config.label_names = label_names;
  if (o.from.empty()) return {bert::make_model(config, seed), {}};
  if (had_labels && !same_task)
    engine::say(fmt::format("note: the labels of the data are not those of {}: what classifies starts afresh", o.from));
  bert::Model model =
      same_task ? bert::with_config(bert::load_model(folder), config) : bert::model_from_body(folder, config, seed);
  return with_compression(std::move(model), folder);
}

}  // namespace

void train_classifier(const TrainOptions& o, const Run& run, const Finish& finish) {
  require(o.pooling == "auto" || o.pooling == "cls" || o.pooling == "mean",
          "--pooling: must be auto, cls or mean, got '{}'", o.pooling);
  check_options(o);
  check_fine_tuning_options(o);
  const OutputLock lock(o.out, run.command);
  check_unused(run, o);
  const std::unique_ptr<TrainingTexts> texts = training_texts(o, o.validation, run.seed);
  CompressedModel start = starting_model(o, *texts, run.seed);
  const data::Framing framing = framing_of(o, start.model.config, *texts->tokenizer);
  note_truncation(texts->corpus.train, framing, "training");
  const FineTuning fine_tuning{run, o, *texts, framing, start.model, start.compression};
  const engine::Json result = fine_tune(fine_tuning, fine_tuning_job(fine_tuning));
  finish(result, summary(result, o));
}

}  // namespace ingot::pipeline
