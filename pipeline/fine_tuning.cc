#include "pipeline/fine_tuning.h"

#include <fmt/format.h>

#include "bert/head.h"
#include "bert/train/layer_decay.h"
#include "compress/packed/footprint.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/classifier.h"
#include "pipeline/distillation.h"
#include "pipeline/model_folder.h"
#include "pipeline/rank_folder.h"
#include "pipeline/seen_texts.h"

namespace ingot::pipeline {
namespace {

namespace fs = std::filesystem;
using engine::require;
using engine::say;

// The times that an earlier run left in result.json; those of `figures` where it left none.
void read_times(const fs::path& file, TrainingFigures& figures) {
  const engine::Json before = engine::parse_json_or_null(engine::read_file(file));
  if (!before.is_object()) return;
  const engine::Saved saved(before, file.string());
  figures.seconds = saved.find<double>("training_seconds").value_or(figures.seconds);
  figures.tokens_per_second = saved.find<double>("tokens_per_second").value_or(figures.tokens_per_second);
}

// Times are of this process's training; a resumed run that had nothing left to train keeps what it had measured.
TrainingFigures figures_of(const bert::TrainingOutcome& outcome, const TrainingOptions& o) {
  TrainingFigures figures{.best_step = outcome.best_step,
                          .n_steps = outcome.n_steps,
                          .stopped_early = o.patience > 0 ? std::optional(outcome.stopped_early) : std::nullopt,
                          .seconds = outcome.training_seconds,
                          .tokens_per_second = outcome.n_tokens > 0
                                                   ? static_cast<double>(outcome.n_tokens) / outcome.training_seconds
                                                   : 0.0};
  const fs::path before = fs::path(o.out) / "result.json";
  if (outcome.n_tokens == 0 && fs::exists(before)) read_times(before, figures);
  return figures;
}

bert::TrainingOutcome train_or_keep(const FineTuning& f, const bert::Job& job) {
  engine::Json identity = engine::Json::object();
  if (!f.compression.empty()) identity["compression"] = compress::fingerprint(f.compression);
  if (f.teaching != nullptr) identity.update(identity_of(*f.teaching));
  if (f.options.has_training()) {
    return bert::train(f.model.parameters(), job,
                       trainer_options(f.run, f.options, *f.texts.source, *f.texts.tokenizer, std::move(identity)));
  }
  require_alone("compression without training");
  job.save(fs::path(f.options.out) / "best");
  return {.best_score = job.validate().at("score").get<double>()};
}

const bert::Metric& best_metric(const FineTuning& f) {
  const bert::Head& head = *f.model.config.head;
  return f.options.best_by.empty() ? head.metrics.front() : bert::metric_from_name(head, f.options.best_by);
}

bert::ClassificationOptions classification_options(const FineTuning& f) {
  bert::ClassificationOptions options{.best_by = &best_metric(f),
                                      .label_smoothing = f.options.label_smoothing,
                                      .teaching = f.teaching,
                                      .shards = shards_of(f.options, *f.model.config.head),
                                      .accumulate = f.options.accumulate};
  if (f.options.class_weights != "balanced") return options;
  std::vector<std::int32_t> labels;
  for (const std::size_t i : f.texts.training.examples) labels.push_back(f.texts.training.part->labels[i]);
  options.class_weights = bert::balanced_weights(labels, static_cast<std::int64_t>(f.texts.corpus.label_names.size()));
  return options;
}

// The head's first metric of the best model, which may have been chosen by another one.
double validation_score(const FineTuning& f, const bert::TrainingOutcome& outcome, const bert::Model& best) {
  const bert::Metric& first = best.config.head->metrics.front();
  if (&best_metric(f) == &first) return first.lower_is_better ? -outcome.best_score : outcome.best_score;
  return first.value(bert::evaluate(best, f.texts.validation, f.framing, f.options.batch));
}

}  // namespace

void check_fine_tuning_options(const TrainingOptions& o, const bert::Head* head) {
  if (head != nullptr && !o.best_by.empty()) bert::metric_from_name(*head, o.best_by);
  require(head == nullptr || o.class_weights == "none" || head->answers == data::Answers::label,
          "--class-weights: is about one label for each text, the task is {}", head == nullptr ? "" : head->task);
  require(head == nullptr || o.shards <= 1 || !head->compares_texts,
          "--shards: the loss of the task {} compares the texts of a batch, which must be one shard, got {}",
          head == nullptr ? "" : head->task, o.shards);
  require(head == nullptr || o.label_smoothing == 0 || head->smooths_labels,
          "--label-smoothing: is about tasks that choose one of several labels, the task is {}",
          head == nullptr ? "" : head->task);
  require(o.class_weights == "none" || o.class_weights == "balanced",
          "--class-weights: must be none or balanced, got '{}'", o.class_weights);
  if (o.has_training()) return;
  require(o.best_by.empty() && o.class_weights == "none",
          "--best-by, --class-weights: are about training, and there are no epochs of it");
  require(o.eval_every == 0 && o.patience == 0 && o.accumulate == 1 && o.shards == 0 && o.layer_decay == 1 &&
              o.label_smoothing == 0,
          "--eval-every, --patience, --accumulate, --shards, --layer-decay, --label-smoothing: are about training, and "
          "there are no epochs of it");
}

void check_answers(const data::CorpusFacts& corpus, const bert::Head& head, const std::string& source) {
  require(corpus.answers == head.answers, "{}: has {} to learn, but the task is {}, which learns {}", source,
          data::name(corpus.answers), head.task, data::name(head.answers));
  require(!head.pairs_apart || corpus.has_pairs, "{}: must hold pairs of texts for the task {}, has single ones",
          source, head.task);
}

std::unique_ptr<TrainingTexts> training_texts(const TrainingOptions& o, std::int64_t n_validation, std::uint64_t seed) {
  auto source = open_data(o);
  auto tokenizer = tokenizer_of(o, *source, seed);
  auto read = tokenized(*source, *tokenizer);
  std::unique_ptr<TrainingTexts> texts(
      new TrainingTexts{std::move(source), std::move(tokenizer), std::move(read), {}, {}, {}});
  const bert::TokenCorpus& corpus = texts->corpus;
  const bool has_classes = corpus.answers == data::Answers::label || corpus.answers == data::Answers::tags;
  data::Split split = training_split({.source = texts->source->name(),
                                      .labels = corpus.train.labels,
                                      .n_labels = has_classes ? corpus.label_names.size() : 2,
                                      .n_own_validation = corpus.validation.size()},
                                     n_validation, seed);
  texts->training = {&corpus.train, std::move(split.train)};
  if (corpus.validation.size() > 0) {
    say(fmt::format("note: the {} validation texts of the data choose the best epoch; none are held out",
                    corpus.validation.size()));
    texts->validation = bert::Subset::all(corpus.validation);
  } else {
    texts->validation = {&corpus.train, std::move(split.validation)};
  }
  return texts;
}

std::unique_ptr<TrainingTexts> training_texts(const TrainingOptions& o, const bert::Head& head,
                                              std::int64_t n_validation, std::uint64_t seed) {
  TrainingOptions options = o;
  options.answers = head.answers;
  auto texts = training_texts(options, n_validation, seed);
  check_answers(texts->corpus, head, texts->source->name());
  return texts;
}

CompressedModel starting_classifier(const TrainingOptions& o) {
  const fs::path folder = resolve_model_folder(o.from);
  bert::Config config = bert::read_config(folder / "config.json");
  require(!config.head->task.empty(), "{}: has not learned a task; `ingot train --from {}` teaches it one",
          folder.string(), o.from);
  if (o.has_training())
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = static_cast<float>(o.dropout);
  check_vocabulary(config, *bert::load_tokenizer(folder), o.from);
  return with_compression(bert::with_config(bert::load_model(folder), config), folder);
}

void match_labels(const bert::Config& config, TrainingTexts& texts) {
  bert::TokenCorpus& corpus = texts.corpus;
  check_answers(corpus, *config.head, texts.source->name());
  if (corpus.label_names == config.label_names) return;
  for (bert::TokenPart* part : {&corpus.train, &corpus.test, &corpus.validation}) {
    texts.renumbered.emplace_back(*part, corpus.answers, corpus.label_names, config.label_names);
    *part = texts.renumbered.back().part();
  }
  if (const std::string& note = texts.renumbered.front().note(); !note.empty()) say("note: " + note);
  corpus.label_names = config.label_names;
}

bert::Job fine_tuning_job(const FineTuning& f) {
  bert::Job job = bert::classification_job(f.model, f.texts.training, f.texts.validation, f.framing, f.options.batch,
                                           f.run.seed, classification_options(f));
  if (f.options.layer_decay != 1) job.rate_factors = bert::layer_rate_factors(f.model.config, f.options.layer_decay);
  SeenTexts seen;
  if (f.options.has_training()) seen = seen_texts(f.texts.training, f.texts.validation);
  if (!f.options.from.empty()) seen = merged(load_seen_texts(resolve_model_folder(f.options.from)), seen);
  data::Framing framing = f.framing;
  framing.pairs = f.texts.corpus.has_pairs;
  job.save = [&model = f.model, &compression = f.compression, &tokenizer = *f.texts.tokenizer, framing,
              seen = std::move(seen)](const fs::path& folder) {
    bert::save_model(folder, model);
    compress::save_compression(folder, compression);
    save_tokenizer(folder, tokenizer, framing);
    save_seen_texts(folder, seen);
  };
  return job;
}

FineTuned fine_tune(const FineTuning& f, const bert::Job& job) {
  prepare_out(f.run, f.options);
  engine::catch_interrupts();
  const bert::TrainingOutcome outcome = train_or_keep(f, job);
  go_on_as_first();
  CompressedModel best = load_compressed_model(fs::path(f.options.out) / "best");
  Scores measured = scores(f, best);
  engine::release_interrupts();
  ModelScores of_best{.scores = std::move(measured),
                      .validation = validation_score(f, outcome, best.model),
                      .labels = f.texts.corpus.label_names,
                      .footprint = compress::footprint(best.model, best.compression),
                      .data_fingerprint = data_fingerprint(*f.texts.source)};
  return {.best = std::move(of_best), .training = figures_of(outcome, f.options)};
}

engine::Json as_json(const FineTuned& result) {
  const TrainingFigures& t = result.training;
  engine::Json json = as_json(result.best);
  json["best_step"] = t.best_step;
  json["steps"] = t.n_steps;
  if (t.stopped_early) json["stopped_early"] = *t.stopped_early;
  json["training_seconds"] = t.seconds;
  json["tokens_per_second"] = t.tokens_per_second;
  return json;
}

Scores scores(const FineTuning& f, CompressedModel& model) {
  const bool has_test = f.texts.has_test();
  const bert::Subset subset = has_test ? bert::Subset::all(f.texts.corpus.test) : f.texts.validation;
  std::optional<compress::WholeModel> whole;  // the same outputs, only sooner
  if (compress::is_all_integers(model.model, model.compression)) whole.emplace(model.model, model.compression);
  const bert::Config& config = model.model.config;
  const bert::Outputs outputs = whole ? outputs_of(config, *whole) : bert::outputs_of(model.model);
  engine::Progress meter("evaluate", static_cast<std::int64_t>(subset.examples.size()));
  const bert::Evaluation e =
      bert::evaluate(outputs, subset, f.framing, f.options.batch, [&](std::int64_t done, std::int64_t) {
        meter.update(done);
        if (engine::interrupted())
          throw engine::Interrupted("stopped while evaluating the trained model; continue with --resume");
      });
  return scores_of(e, has_test ? "test" : "validation", *config.head, config.label_names);
}

}  // namespace ingot::pipeline
