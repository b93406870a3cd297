// Dropout and a Linear on the pooled text; the likeliest label by softmax cross entropy.
#include "bert/heads/sequence_classification.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/autograd/elementwise.h"
#include "engine/autograd/loss.h"
#include "engine/base/error.h"

namespace ingot::bert {
namespace {

using engine::Json;
using engine::require;
using engine::Variable;

constexpr const char* kArchitectures[] = {"BertForSequenceClassification"};
constexpr const char* kClassifier = "classifier";

// A classifier chooses one of its labels. Hugging Face's class also computes a score and several labels at a time.
void check_settings(const std::string& subject, const Json& config_json, const Config& config) {
  const auto type = config_json.find("problem_type");
  const bool is_named = type != config_json.end() && !type->is_null();
  require(!is_named || *type == "single_label_classification",
          "{}: problem_type: {} is not supported yet; only single_label_classification is", subject,
          is_named ? engine::shown(*type) : "");
  require(config.n_labels() != 1,
          "{}: labels: has one label, a score (regression), which is not supported yet; a classifier has at least two",
          subject);
}

void check(const std::string& subject, const Config& config) {
  require(config.n_labels() >= 1, "{}: labels: a classifier must have at least one, got none", subject);
}

std::int64_t n_outputs(const Config& config) { return config.n_labels(); }

std::vector<Part> layers(const Config& config) {
  Part classifier = linear_part(kClassifier, config.hidden_size, config.n_labels());
  classifier.role = classifier.block = kClassifier;
  classifier.reads = kPooler;
  return {classifier};
}

Variable outputs(const Model& model, const Variable& hidden, const Input& input, engine::DropoutStreams& streams) {
  const Config& config = model.config;
  const float probability = config.classifier_dropout >= 0 ? config.classifier_dropout : config.hidden_dropout_prob;
  const Variable pooled = model.pool(hidden, input);
  return model.head.linears.at(kClassifier)(engine::dropout(pooled, streams.next(probability)));
}

Variable loss(const Variable& outputs, const Targets& targets) {
  if (targets.label_smoothing > 0)
    return engine::smoothed_cross_entropy(outputs, targets.labels, targets.class_weights, targets.label_smoothing);
  return targets.class_weights.empty() ? engine::cross_entropy(outputs, targets.labels)
                                       : engine::weighted_cross_entropy(outputs, targets.labels, targets.class_weights);
}

Variable predictions(const Variable& outputs) { return engine::softmax(outputs); }

void measure(std::span<const float> probabilities, const Targets& targets, Evaluation& evaluation) {
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

constexpr Metric kMetrics[] = {{"accuracy", [](const Evaluation& e) { return e.accuracy; }},
                               {"f1", [](const Evaluation& e) { return e.macro_f1; }},
                               {"loss", [](const Evaluation& e) { return e.loss; }, true}};

}  // namespace

constinit const Head kSequenceClassification{.architectures = kArchitectures,
                                             .pooler = PoolerUse::always,
                                             .n_default_labels = 2,
                                             .check_settings = check_settings,
                                             .check = check,
                                             .parts = layers,
                                             .rows = Head::Rows::texts,
                                             .n_outputs = n_outputs,
                                             .outputs = outputs,
                                             .loss = loss,
                                             .smooths_labels = true,
                                             .predictions = predictions,
                                             .measure = measure,
                                             .metrics = kMetrics};

}  // namespace ingot::bert
