#include "pipeline/baseline.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <optional>

#include "bert/evaluation.h"
#include "data/readers.h"
#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/ngrams/calibration.h"
#include "pipeline/ngrams/ngram_model.h"
#include "pipeline/output_lock.h"
#include "report/class_report.h"

namespace ingot::pipeline {
namespace {

using engine::require;

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// A part of the corpus as features.
struct Part {
  FeatureRows rows;
  std::vector<std::int32_t> labels;

  std::vector<std::size_t> all() const {
    std::vector<std::size_t> examples;
    for (std::size_t i = 0; i < labels.size(); ++i) examples.push_back(i);
    return examples;
  }
};

// What the baseline reads. The texts are gone once they are features.
struct BaselineTexts {
  std::string name;
  std::vector<std::string> label_names;
  Part train, validation, test;  // validation: the data's own, often empty
};

Part part_of(std::vector<data::Example>& examples, const NgramOptions& ngrams, const char* name) {
  Part part;
  std::vector<std::string_view> texts;
  for (const data::Example& example : examples) {
    texts.push_back(example.text);
    part.labels.push_back(example.label);
  }
  engine::Progress meter(fmt::format("n-grams, {}", name), static_cast<std::int64_t>(texts.size()));
  part.rows = feature_rows(texts, 1, ngrams, [&](std::int64_t done, std::int64_t) { meter.update(done); });
  examples = {};
  return part;
}

BaselineTexts read_texts(const BaselineOptions& options, const NgramOptions& ngrams) {
  BaselineOptions o = options;
  o.answers = data::Answers::label;
  const auto source = open_data(o);
  return data::within_memory(source->name(), [&] {
    data::Corpus corpus = source->read();
    say_notes(corpus.notes);
    corpus.unlabelled = {};
    return BaselineTexts{source->name(), corpus.label_names, part_of(corpus.train, ngrams, "training"),
                         part_of(corpus.validation, ngrams, "validation"), part_of(corpus.test, ngrams, "test")};
  });
}

NgramFitting fitting_of(const BaselineOptions& o) {
  require(std::isfinite(o.c) && o.c > 0, "--c: must be above 0, got {}", o.c);
  return {.ngrams = {.longest = static_cast<int>(o.ngrams), .bucket_bits = static_cast<int>(o.bucket_bits)}, .c = o.c};
}

struct Scored {
  bert::Evaluation evaluation;  // without tokens and seconds
  double temperature = 1;       // of these texts
};

// With the temperature that the texts themselves ask for, unless one is given.
Scored score(const NgramModel& model, const Part& part, std::span<const std::size_t> examples,
             std::optional<double> temperature) {
  const std::vector<float> logits = ngram_logits(model, part.rows, examples);
  std::vector<std::int32_t> labels, predictions;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    labels.push_back(part.labels[examples[i]]);
    const auto row = std::span(logits).subspan(i * model.n_classes, model.n_classes);
    predictions.push_back(static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  Scored scored{.temperature = temperature ? *temperature : fit_temperature({logits, labels, model.n_classes})};
  bert::Evaluation& e = scored.evaluation;
  e.n = static_cast<std::int64_t>(labels.size());
  std::int64_t n_right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) n_right += labels[i] == predictions[i];
  e.accuracy = static_cast<double>(n_right) / static_cast<double>(e.n);
  e.scores = bert::class_scores(labels, predictions, static_cast<std::int64_t>(model.n_classes));
  e.macro_f1 = e.scores.macro_f1();
  e.loss = cross_entropy({logits, labels, model.n_classes}, scored.temperature);
  e.predictions = std::move(predictions);
  return scored;
}

NgramModel fit_with_progress(const BaselineTexts& texts, std::span<const std::size_t> examples,
                             const NgramFitting& fitting) {
  const auto n_labels = static_cast<std::int64_t>(texts.label_names.size());
  engine::Progress meter("fit", n_labels == 2 ? 1 : n_labels);
  return fit_ngram_model(texts.train.rows, examples, texts.train.labels, texts.label_names.size(), fitting,
                         [&](std::int64_t done, std::int64_t) { meter.update(done); });
}

// What the baseline finds.
struct BaselineResult {
  bert::Evaluation scored, validation;  // scored: on the test part, or on the validation texts where there is none
  std::string part;
  report::ClassReport classes;
  double temperature = 1;
  std::size_t n_training_texts = 0;
  const NgramModel& model;
  double reading_seconds = 0, fitting_seconds = 0;
  std::vector<std::string> labels;
};

engine::Json as_json(const BaselineResult& r) {
  engine::Json json{{"examples", r.scored.n},
                    {"evaluated_on", r.part},
                    {"accuracy", r.scored.accuracy},
                    {"f1", r.scored.macro_f1},
                    {"loss", r.scored.loss},
                    {"validation_accuracy", r.validation.accuracy},
                    {"validation_loss", r.validation.loss},
                    {"validation_texts", r.validation.n},
                    {"temperature", r.temperature},
                    {"training_texts", r.n_training_texts},
                    {"features", r.model.n_columns()},
                    {"iterations", r.model.n_iterations},
                    {"objective", r.model.loss},
                    {"reading_seconds", r.reading_seconds},
                    {"fitting_seconds", r.fitting_seconds},
                    {"labels", r.labels}};
  json.update(report::as_json(r.classes));
  return json;
}

std::string summary(const BaselineResult& r) {
  return fmt::format(
      "{} accuracy {:.4f}, F1 {:.4f}, loss {:.4f} on {} texts (validation accuracy {:.4f}, loss {:.4f})\n{}"
      "{} n-grams of {} texts, {} iterations, temperature {:.3f}; {:.1f} s reading, {:.1f} s fitting\n",
      r.part, r.scored.accuracy, r.scored.macro_f1, r.scored.loss, r.scored.n, r.validation.accuracy, r.validation.loss,
      report::to_text(r.classes), r.model.n_columns(), r.n_training_texts, r.model.n_iterations, r.temperature,
      r.reading_seconds, r.fitting_seconds);
}

}  // namespace

void run_baseline(const BaselineOptions& o, const Run& run, const Finish& finish) {
  const NgramFitting fitting = fitting_of(o);
  std::optional<OutputLock> lock;
  if (!o.out.empty()) lock.emplace(o.out, run.command);
  const Stopwatch reading;
  const BaselineTexts texts = read_texts(o, fitting.ngrams);
  const double reading_seconds = reading.seconds();
  engine::release_freed_memory();  // the texts are gone
  const std::size_t n_own = texts.validation.labels.size();
  const data::Split split = training_split({.source = texts.name,
                                            .labels = texts.train.labels,
                                            .n_labels = texts.label_names.size(),
                                            .n_own_validation = n_own},
                                           o.validation, run.seed);
  const Stopwatch work;
  const NgramModel model = fit_with_progress(texts, split.train, fitting);
  const double fitting_seconds = work.seconds();
  const Scored validation = n_own > 0 ? score(model, texts.validation, texts.validation.all(), {})
                                      : score(model, texts.train, split.validation, {});
  const bool has_test = !texts.test.labels.empty();
  const bert::Evaluation e =
      has_test ? score(model, texts.test, texts.test.all(), validation.temperature).evaluation : validation.evaluation;
  const BaselineResult result{.scored = e,
                              .validation = validation.evaluation,
                              .part = has_test ? "test" : "validation",
                              .classes = report::class_report(e.scores, texts.label_names),
                              .temperature = validation.temperature,
                              .n_training_texts = split.train.size(),
                              .model = model,
                              .reading_seconds = reading_seconds,
                              .fitting_seconds = fitting_seconds,
                              .labels = texts.label_names};
  if (!o.out.empty()) write_config(o.out, run.config);
  finish(as_json(result), summary(result));
}

}  // namespace ingot::pipeline
