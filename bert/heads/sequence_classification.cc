// One label for each text: the likeliest by softmax cross entropy.
#include "bert/heads/sequence_classification.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/autograd/elementwise.h"
#include "engine/autograd/loss.h"
#include "engine/autograd/soft_loss.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::bert {
namespace {

using engine::Json;
using engine::require;
using engine::Variable;

constexpr const char* kClassifier = "classifier";

// Hugging Face's class also computes several labels at a time and numbers: heads of their own.
void check_settings(const std::string& subject, const Json& config_json, const Config& config) {
  const std::string type = problem_type(config_json);
  require(type.empty() || type == "single_label_classification",
          "{}: problem_type: must be single_label_classification, multi_label_classification or regression, got '{}'",
          subject, engine::printable(type, 100));
  require(config.n_labels() != 1, "{}: labels: single_label_classification needs at least two, got one", subject);
}

Variable loss(const Variable& outputs, const Targets& targets) {
  if (targets.label_smoothing > 0)
    return engine::smoothed_cross_entropy(outputs, targets.labels, targets.class_weights, targets.label_smoothing);
  return targets.class_weights.empty() ? engine::cross_entropy(outputs, targets.labels)
                                       : engine::weighted_cross_entropy(outputs, targets.labels, targets.class_weights);
}

// The cross entropy is linear in the target, so that with a temperature of 1 label and teacher are one target. With
// another one the soft part is multiplied by its square, as its gradients shrink with that.
Variable lesson(const Variable& outputs, const Targets& targets, const Lesson& lesson,
                std::span<const std::uint8_t> answered) {
  const auto n = static_cast<std::size_t>(outputs.value().columns());
  const auto temperature = static_cast<float>(lesson.temperature);
  std::vector<float> hard(lesson.outputs.size()), soft(lesson.outputs.size());
  for (std::size_t i = 0; i < answered.size(); ++i) {
    const std::span<const float> teacher = lesson.outputs.subspan(i * n, n);
    const float largest = *std::max_element(teacher.begin(), teacher.end());
    double sum = 0;
    for (const float z : teacher) sum += std::exp(static_cast<double>((z - largest) / temperature));
    const double weight = answered[i] != 0 ? lesson.weight : 1;
    for (std::size_t c = 0; c < n; ++c)
      soft[i * n + c] =
          static_cast<float>(weight * std::exp(static_cast<double>((teacher[c] - largest) / temperature)) / sum);
    if (answered[i] != 0) hard[i * n + static_cast<std::size_t>(targets.labels[i])] = static_cast<float>(1 - weight);
  }
  if (lesson.temperature == 1) {
    for (std::size_t i = 0; i < soft.size(); ++i) soft[i] += hard[i];
    return engine::soft_cross_entropy(outputs, soft);
  }
  return engine::mixed(engine::soft_cross_entropy(outputs, hard), 1,
                       engine::soft_cross_entropy(outputs, soft, temperature), temperature * temperature);
}

Variable predictions(const Variable& outputs) { return engine::softmax(outputs); }

Answer describe(const Prediction& prediction, const Detail& detail) {
  const std::size_t best = likeliest(prediction.values, 1).front();
  Json json{{"label", prediction.config.label_names[best]},
            {"probability", prediction.values[best]},
            {"probabilities", probabilities_json(prediction)}};
  if (detail.top_k > 0) json["top"] = likeliest_json(prediction, detail.top_k);
  return {likeliest_line(prediction, std::max<std::int64_t>(1, detail.top_k)), std::move(json)};
}

std::vector<AnswerColumn> columns(const Prediction& prediction, const Detail& detail) {
  const std::size_t best = likeliest(prediction.values, 1).front();
  std::vector<AnswerColumn> all{{"label", prediction.config.label_names[best]},
                                {"probability", short_number(prediction.values[best])}};
  add_likeliest_columns(prediction, detail.top_k, 2, all);
  if (detail.probabilities) add_probability_columns(prediction, all);
  return all;
}

void measure(const Config&, std::span<const float> probabilities, const Targets& targets, Evaluation& evaluation) {
  const std::size_t n = targets.labels.size(), n_labels = probabilities.size() / std::max<std::size_t>(n, 1);
  std::vector<double> losses(n);
  evaluation.predictions.resize(n);
  std::int64_t n_right = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<const float> row = probabilities.subspan(i * n_labels, n_labels);
    const auto label = static_cast<std::size_t>(targets.labels[i]);
    evaluation.predictions[i] = static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
    losses[i] = -std::log(std::max(row[label], 1e-30f));
    n_right += evaluation.predictions[i] == targets.labels[i];
  }
  evaluation.accuracy = static_cast<double>(n_right) / static_cast<double>(n);
  evaluation.scores = class_scores(targets.labels, evaluation.predictions, static_cast<std::int64_t>(n_labels));
  evaluation.macro_f1 = evaluation.scores.macro_f1();
  evaluation.loss = std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(n);
}

constexpr Metric kMetrics[] = {{"accuracy", "accuracy", [](const Evaluation& e) { return e.accuracy; }},
                               {"f1", "F1", [](const Evaluation& e) { return e.macro_f1; }},
                               {"loss", "loss", [](const Evaluation& e) { return e.loss; }, true}};

}  // namespace

constinit const Head kSequenceClassification{.architectures = kTextArchitectures,
                                             .task = "single-label",
                                             .answers = data::Answers::label,
                                             .pooler = PoolerUse::always,
                                             .n_default_labels = 2,
                                             .check_settings = check_settings,
                                             .check = check_labels,
                                             .parts = text_layers,
                                             .rows = Head::Rows::texts,
                                             .n_outputs = n_labels_of,
                                             .outputs = text_outputs,
                                             .loss = loss,
                                             .smooths_labels = true,
                                             .lesson = lesson,
                                             .predictions = predictions,
                                             .describe = describe,
                                             .columns = columns,
                                             .ranks_labels = true,
                                             .measure = measure,
                                             .metrics = kMetrics};

std::string problem_type(const Json& config_json) {
  const auto type = config_json.find("problem_type");
  return type == config_json.end() || type->is_null() ? ""
         : type->is_string()                          ? type->get<std::string>()
                                                      : engine::shown(*type);
}

void check_labels(const std::string& subject, const Config& config) {
  require(config.n_labels() >= 1, "{}: labels: a classifier must have at least one, got none", subject);
}

std::int64_t n_labels_of(const Config& config) { return config.n_labels(); }

std::vector<Part> text_layers(const Config& config) {
  Part classifier = linear_part(kClassifier, config.hidden_size, config.n_labels());
  classifier.role = classifier.block = kClassifier;
  classifier.reads = kPooler;
  return {classifier};
}

Variable text_outputs(const Model& model, const Variable& hidden, const Input& input, engine::DropoutStreams& streams) {
  const Config& config = model.config;
  const float probability = config.classifier_dropout >= 0 ? config.classifier_dropout : config.hidden_dropout_prob;
  const Variable pooled = model.pool(hidden, input);
  return model.head.linears.at(kClassifier)(engine::dropout(pooled, streams.next(probability)));
}

}  // namespace ingot::bert
