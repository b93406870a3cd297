#include "pipeline/train.h"

#include "bert/checkpoint.h"
#include "bert/head.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/distillation.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"
#include "pipeline/precision.h"
#include "pipeline/rank_folder.h"
#include "pipeline/recipe.h"

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

// The head for the task that is asked for; null where the data decides.
const bert::Head* asked_head(const TrainOptions& o) {
  return o.task == "auto" ? nullptr : &bert::head_for_task(o.task);
}

// A new head begins with the mean of the numbers that it is to learn, which may be far from 0.
void start_from_means(bert::Model& model, const TrainingTexts& texts) {
  const std::size_t n = texts.corpus.label_names.size();
  std::vector<double> sums(n);
  for (const std::size_t i : texts.training.examples) {
    for (std::size_t j = 0; j < n; ++j) sums[j] += static_cast<double>(texts.training.part->numbers_of(i)[j]);
  }
  float* const bias = model.head.linears.at("classifier").bias.value().data();
  for (std::size_t j = 0; j < n; ++j)
    bias[j] = static_cast<float>(sums[j] / static_cast<double>(texts.training.examples.size()));
}

// With the compression of the model it starts from, if its head stays; a new head is not what was compressed.
CompressedModel starting_model(const TrainOptions& o, const bert::Head& head, const TrainingTexts& texts,
                               std::uint64_t seed) {
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
  const bool had_task = !o.from.empty() && !config.head->task.empty();
  const bool same_task = had_task && config.head == &head && config.label_names == label_names;
  config.pooling = pooling_of(o, config);
  config.head = &head;
  config.pooler = head.pooler == bert::PoolerUse::always;
  config.label_names = label_names;
  if (had_task && !same_task)
    engine::say(fmt::format("note: the labels of the data are not those of {}: what classifies starts afresh", o.from));
  bert::Model model = o.from.empty() ? bert::make_model(config, seed)
                      : same_task    ? bert::with_config(bert::load_model(folder), config)
                                     : bert::model_from_body(folder, config, seed);
  if (!same_task && head.answers == data::Answers::numbers) start_from_means(model, texts);
  if (o.from.empty()) return {std::move(model), {}};
  return with_compression(std::move(model), folder);
}

}  // namespace

void train_classifier(const TrainOptions& options, const Run& run, const Finish& finish) {
  RankFolder folder;
  TrainOptions o = with_recipe(folder.of_rank(options), run.given);
  require(o.pooling == "auto" || o.pooling == "cls" || o.pooling == "mean",
          "--pooling: must be auto, cls or mean, got '{}'", o.pooling);
  const bert::Head* const asked = asked_head(o);
  check_options(o);
  check_fine_tuning_options(o, asked);
  check_distillation_options(o);
  const OutputLock lock(o.out, run.command);
  check_unused(run, o);
  if (o.recipe != "none" && o.teacher_hidden + o.teacher_attention > 0)  // before it pretrains
    check_imitated_tokenizer(o, *tokenizer_of(o, *open_data(o), run.seed));
  o = pretrained(o, run);
  const std::unique_ptr<TrainingTexts> texts =
      asked != nullptr ? training_texts(o, *asked, o.validation, run.seed) : training_texts(o, o.validation, run.seed);
  const bert::Head& head = asked != nullptr ? *asked : bert::head_for(texts->corpus.answers);
  check_answers(texts->corpus, head, texts->source->name());
  check_fine_tuning_options(o, &head);
  if (!run.given.contains("--teacher") && head.answers != data::Answers::label) o.teacher.clear();  // a recipe's
  CompressedModel start = starting_model(o, head, *texts, run.seed);
  set_precision(start.model, o.precision, start.compression, o.from);
  const data::Framing framing = framing_of(o, start.model.config, *texts->tokenizer);
  note_truncation(texts->corpus.train, framing, "training");
  const auto distillation = distillation_of(o, start.model.config, *texts, framing, run.seed);
  const FineTuning fine_tuning{run,
                               o,
                               *texts,
                               framing,
                               start.model,
                               start.compression,
                               distillation != nullptr ? &distillation->teaching : nullptr};
  const FineTuned result = fine_tune(fine_tuning, fine_tuning_job(fine_tuning));
  finish(as_json(result), summary(result.best, o.out));
}

}  // namespace ingot::pipeline
