#include "pipeline/pretrain.h"

#include <fmt/format.h>

#include <cmath>

#include "bert/heads/masked_lm.h"
#include "bert/train/layer_decay.h"
#include "bert/train/pretraining.h"
#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/io/json.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"
#include "pipeline/precision.h"
#include "pipeline/rank_folder.h"
#include "pipeline/train.h"

namespace ingot::pipeline {

void pretrain(const PretrainOptions& options, const Run& run, const Finish& finish) {
  RankFolder folder;
  PretrainOptions o = folder.of_rank(options);
  const bool split = o.truncation == kSplit;
  engine::require(split || o.truncation == kOfModel || o.truncation == "head" || o.truncation == "head-tail",
                  "--truncation: must be split, head, head-tail or model, got '{}'", o.truncation);
  if (split) o.truncation = TrainOptions().truncation;  // how texts will be framed for the model
  check_options(o);
  engine::require(o.label_smoothing == 0, "--label-smoothing: is about models that choose one of several labels");
  const OutputLock lock(o.out, run.command);
  check_unused(run, o);
  const auto source = open_data(o);
  const auto tokenizer = tokenizer_of(o, *source, run.seed);
  const bert::TokenCorpus corpus = tokenized(*source, *tokenizer);
  std::vector<std::span<const std::int32_t>> texts;
  for (const bert::TokenPart* part : {&corpus.train, &corpus.unlabelled}) {
    for (std::size_t i = 0; i < part->size(); ++i) {
      texts.push_back(part->first(i));
      if (!part->second_sizes.empty()) texts.push_back(part->second(i));
    }
  }
  bert::Config config;
  if (o.from.empty()) {
    config = config_of(o, *tokenizer);
  } else {
    config = bert::read_config(resolve_model_folder(o.from) / "config.json");
    check_vocabulary(config, *tokenizer, o.from);
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = static_cast<float>(o.dropout);
  }
  config.head = &bert::kMaskedLm;
  bert::Model model = o.from.empty() ? bert::make_model(config, run.seed)
                                     : bert::model_from_body(resolve_model_folder(o.from), config, run.seed);
  set_precision(model, o.precision, {}, o.from);
  const data::Framing framing = framing_of(o, config, *tokenizer);
  bert::Job job =
      bert::pretraining_job(model, texts, split ? bert::LongTexts::split : bert::LongTexts::truncated, framing,
                            tokenizer->special(), o.masked, o.batch, run.seed, shards_of(o, *config.head));
  if (o.layer_decay != 1) job.rate_factors = bert::layer_rate_factors(config, o.layer_decay);
  job.save = [&](const std::filesystem::path& folder) {
    bert::save_model(folder, model);
    save_tokenizer(folder, *tokenizer, framing);
  };
  prepare_out(run, o);
  engine::catch_interrupts();
  const bert::TrainingOutcome outcome =
      bert::train(model.parameters(), job, trainer_options(run, o, *source, *tokenizer));
  go_on_as_first();
  engine::release_interrupts();
  const std::filesystem::path out = o.out;
  engine::Json result{
      {"validation_loss", -outcome.best_score},
      {"validation_perplexity", std::exp(-outcome.best_score)},
      {"best_step", outcome.best_step},
      {"steps", outcome.n_steps},
      {"texts", texts.size()},
      {"tokens_per_second",
       outcome.training_seconds > 0 ? static_cast<double>(outcome.n_tokens) / outcome.training_seconds : 0.0},
      {"training_seconds", outcome.training_seconds}};
  if (o.patience > 0) result["stopped_early"] = outcome.stopped_early;
  finish(result,
         fmt::format("validation loss {:.4f} (perplexity {:.1f}) after {} steps\nmodel: {}\n", -outcome.best_score,
                     std::exp(-outcome.best_score), outcome.n_steps, (out / "best").string()));
}

}  // namespace ingot::pipeline
