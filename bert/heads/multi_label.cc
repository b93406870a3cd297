// Any number of labels for each text: each by itself, with sigmoid and binary cross entropy. A label is given above
// 1/2.
#include <algorithm>
#include <cmath>
#include <vector>

#include "bert/heads/sequence_classification.h"
#include "engine/autograd/elementwise.h"
#include "engine/autograd/soft_loss.h"
#include "engine/base/printable.h"

namespace ingot::bert {
namespace {

using engine::Json;
using engine::Variable;

constexpr const char* kProblem = "multi_label_classification";
constexpr float kThreshold = 0.5f;

bool claims(const Json& config_json) { return problem_type(config_json) == kProblem; }
void write_settings(const Config&, Json& config_json) { config_json["problem_type"] = kProblem; }

Variable loss(const Variable& outputs, const Targets& targets) {
  return engine::binary_cross_entropy(outputs, targets.numbers);
}

// The binary cross entropy is linear in its target too.
Variable lesson(const Variable& outputs, const Targets& targets, const Lesson& lesson,
                std::span<const std::uint8_t> answered) {
  std::vector<float> mixed(lesson.outputs.size());
  const std::size_t n = mixed.size() / answered.size();
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    const double teacher = 1 / (1 + std::exp(-static_cast<double>(lesson.outputs[i])));
    const double own = answered[i / n] != 0 ? static_cast<double>(targets.numbers[i]) : teacher;
    mixed[i] = static_cast<float>((1 - lesson.weight) * own + lesson.weight * teacher);
  }
  return engine::binary_cross_entropy(outputs, mixed);
}

Variable predictions(const Variable& outputs) { return engine::sigmoid(outputs); }

Answer describe(const Prediction& prediction, const Detail& detail) {
  std::string line;
  Json given = Json::array();
  for (std::size_t j = 0; j < prediction.values.size(); ++j) {
    if (!(prediction.values[j] > kThreshold)) continue;
    const std::string& label = prediction.config.label_names[j];
    if (!given.empty()) line += ',';
    line += engine::printable(label);
    given.push_back(label);
  }
  Json json{{"labels", std::move(given)}, {"probabilities", probabilities_json(prediction)}};
  if (detail.top_k == 0) return {std::move(line), std::move(json)};
  json["top"] = likeliest_json(prediction, detail.top_k);
  return {likeliest_line(prediction, detail.top_k), std::move(json)};
}

// A list of the labels, or where there are no lists a column of 0 and 1 for each.
std::vector<AnswerColumn> columns(const Prediction& prediction, const Detail& detail) {
  std::vector<AnswerColumn> all;
  if (detail.lists) all.push_back({"labels", Json::array()});
  for (std::size_t j = 0; j < prediction.values.size(); ++j) {
    const std::string& label = prediction.config.label_names[j];
    const bool given = prediction.values[j] > kThreshold;
    if (!detail.lists) {
      all.push_back({label + "_predicted", int{given}});
    } else if (given) {
      all.front().value.push_back(label);
    }
  }
  add_likeliest_columns(prediction, detail.top_k, 1, all);
  if (detail.probabilities) add_probability_columns(prediction, all);
  return all;
}

// Counts of each label; a text counts for accuracy if all of its labels are right.
void measure(const Config& config, std::span<const float> probabilities, const Targets& targets,
             Evaluation& evaluation) {
  const auto n_labels = static_cast<std::size_t>(config.n_labels());
  evaluation.scores.classes.resize(n_labels);
  double loss = 0;
  std::int64_t n_right = 0;
  for (std::size_t i = 0; i < probabilities.size(); i += n_labels) {
    bool all = true;
    for (std::size_t j = 0; j < n_labels; ++j) {
      const bool truth = targets.numbers[i + j] > 0.5f, given = probabilities[i + j] > kThreshold;
      ClassCounts& counts = evaluation.scores.classes[j];
      counts.support += truth;
      counts.predicted += given;
      counts.hits += truth && given;
      all = all && truth == given;
      const double p = std::clamp(static_cast<double>(probabilities[i + j]), 1e-30, 1.0);
      loss -= truth ? std::log(p) : std::log(std::max(1 - static_cast<double>(probabilities[i + j]), 1e-30));
    }
    n_right += all;
  }
  ClassCounts sum;
  for (const ClassCounts& counts : evaluation.scores.classes) {
    sum.support += counts.support;
    sum.predicted += counts.predicted;
    sum.hits += counts.hits;
  }
  evaluation.accuracy = static_cast<double>(n_right) / static_cast<double>(probabilities.size() / n_labels);
  evaluation.micro_f1 = sum.f1().value_or(0);
  evaluation.macro_f1 = evaluation.scores.macro_f1();
  evaluation.loss = loss / static_cast<double>(probabilities.size());
}

constexpr Metric kMetrics[] = {{"micro_f1", "micro F1", [](const Evaluation& e) { return e.micro_f1; }},
                               {"f1", "macro F1", [](const Evaluation& e) { return e.macro_f1; }},
                               {"accuracy", "accuracy", [](const Evaluation& e) { return e.accuracy; }},
                               {"loss", "loss", [](const Evaluation& e) { return e.loss; }, true}};

}  // namespace

extern constinit const Head kMultiLabel;
constinit const Head kMultiLabel{.architectures = kTextArchitectures,
                                 .claims = claims,
                                 .task = "multi-label",
                                 .answers = data::Answers::labels,
                                 .pooler = PoolerUse::always,
                                 .n_default_labels = 2,
                                 .check = check_labels,
                                 .write_settings = write_settings,
                                 .parts = text_layers,
                                 .rows = Head::Rows::texts,
                                 .n_outputs = n_labels_of,
                                 .outputs = text_outputs,
                                 .loss = loss,
                                 .lesson = lesson,
                                 .predictions = predictions,
                                 .describe = describe,
                                 .columns = columns,
                                 .ranks_labels = true,
                                 .measure = measure,
                                 .metrics = kMetrics};

}  // namespace ingot::bert
