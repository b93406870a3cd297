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

std::string summary(const engine::Json& result) {
  return fmt::format(
      "{} accuracy {:.4f}, F1 {:.4f}, loss {:.4f} on {} texts (validation accuracy {:.4f}, loss {:.4f})\n{}"
      "{} n-grams of {} texts, {} iterations, temperature {:.3f}; {:.1f} s reading, {:.1f} s fitting\n",
      result["evaluated_on"].get<std::string>(), result["accuracy"].get<double>(), result["f1"].get<double>(),
      result["loss"].get<double>(), result["examples"].get<std::int64_t>(), result["validation_accuracy"].get<double>(),
      result["validation_loss"].get<double>(), report::class_report(result), result["features"].get<std::int64_t>(),
      result["training_texts"].get<std::int64_t>(), result["iterations"].get<std::int64_t>(),
      result["temperature"].get<double>(), result["reading_seconds"].get<double>(),
      result["fitting_seconds"].get<double>());
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
  engine::Json result{{"examples", e.n},
                      {"evaluated_on", has_test ? "test" : "validation"},
                      {"accuracy", e.accuracy},
                      {"f1", e.macro_f1},
                      {"loss", e.loss},
                      {"validation_accuracy", validation.evaluation.accuracy},
                      {"validation_loss", validation.evaluation.loss},
                      {"validation_texts", validation.evaluation.n},
                      {"temperature", validation.temperature},
                      {"training_texts", split.train.size()},
                      {"features", model.n_columns()},
                      {"iterations", model.n_iterations},
                      {"objective", model.loss},
                      {"reading_seconds", reading_seconds},
                      {"fitting_seconds", fitting_seconds},
                      {"labels", texts.label_names}};
  report::add_classes(result, e.scores, texts.label_names);
  const std::string text = summary(result);
  if (!o.out.empty()) write_config(o.out, run.config);
  finish(result, text);
}

}  // namespace ingot::pipeline
