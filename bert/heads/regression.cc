// A number, or several, for each text: by their squared error.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "bert/heads/sequence_classification.h"
#include "engine/autograd/soft_loss.h"
#include "engine/base/error.h"

namespace ingot::bert {
namespace {

using engine::Json;
using engine::Variable;

constexpr const char* kProblem = "regression";

// As Hugging Face's class decides: by its problem type, and without one by its single label.
bool claims(const Json& config_json) {
  const std::string type = problem_type(config_json);
  if (!type.empty()) return type == kProblem;
  const auto labels = config_json.find("id2label");
  if (labels != config_json.end() && labels->is_object()) return labels->size() == 1;
  const auto n = config_json.find("num_labels");
  return n != config_json.end() && *n == 1;
}

void write_settings(const Config&, Json& config_json) { config_json["problem_type"] = kProblem; }

Variable loss(const Variable& outputs, const Targets& targets) {
  return engine::squared_error(outputs, targets.numbers);
}

// (1 - a) (y - t)^2 + a (y - z)^2 = (y - m)^2 + a (1 - a) (t - z)^2 with the mixture m = (1 - a) t + a z: one squared
// error and a constant.
Variable lesson(const Variable& outputs, const Targets& targets, const Lesson& lesson,
                std::span<const std::uint8_t> answered) {
  std::vector<float> mixed(lesson.outputs.begin(), lesson.outputs.end());
  const std::size_t n = mixed.size() / answered.size();
  double apart = 0;  // sum of (t - z)^2
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    if (answered[i / n] == 0) continue;
    const auto own = static_cast<double>(targets.numbers[i]), teacher = static_cast<double>(mixed[i]);
    mixed[i] = static_cast<float>((1 - lesson.weight) * own + lesson.weight * teacher);
    apart += (own - teacher) * (own - teacher);
  }
  const double constant = lesson.weight * (1 - lesson.weight) * apart / static_cast<double>(mixed.size());
  return engine::mixed(engine::squared_error(outputs, mixed), 1,
                       Variable(engine::Tensor::full({1}, static_cast<float>(constant))), 1);
}

Variable predictions(const Variable& outputs) { return outputs; }

// The line has as few digits as give the same numbers.
Answer describe(const Prediction& prediction, const Detail&) {
  Json numbers = Json::object();
  for (std::size_t j = 0; j < prediction.values.size(); ++j)
    numbers[prediction.config.label_names[j]] = prediction.values[j];
  return {fmt::format("{}", fmt::join(prediction.values, "\t")), {{"numbers", std::move(numbers)}}};
}

std::vector<AnswerColumn> columns(const Prediction& prediction, const Detail&) {
  std::vector<AnswerColumn> all;
  for (std::size_t j = 0; j < prediction.values.size(); ++j)
    all.push_back({prediction.config.label_names[j] + "_predicted", short_number(prediction.values[j])});
  return all;
}

// Pearson's r of two samples; 0 if one of them is constant.
double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

// The ranks from 1 on; equal values share the mean of theirs.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> all(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) all[order[i]] = static_cast<double>(begin + 1 + end) / 2;
    begin = end;
  }
  return all;
}

// Spearman's rho is Pearson's r of the ranks. Of several numbers: the mean of theirs.
void measure(const Config& config, std::span<const float> outputs, const Targets& targets, Evaluation& evaluation) {
  const auto n_numbers = static_cast<std::size_t>(config.n_labels());
  double square = 0;
  for (std::size_t j = 0; j < n_numbers; ++j) {
    std::vector<double> x, y;
    for (std::size_t i = j; i < outputs.size(); i += n_numbers) {
      x.push_back(static_cast<double>(outputs[i]));
      y.push_back(static_cast<double>(targets.numbers[i]));
      square += (x.back() - y.back()) * (x.back() - y.back());
    }
    evaluation.pearson += correlation(x, y) / static_cast<double>(n_numbers);
    evaluation.spearman += correlation(ranks(x), ranks(y)) / static_cast<double>(n_numbers);
  }
  evaluation.loss = square / static_cast<double>(outputs.size());
  evaluation.rmse = std::sqrt(evaluation.loss);
}

constexpr Metric kMetrics[] = {{"pearson", "Pearson", [](const Evaluation& e) { return e.pearson; }},
                               {"spearman", "Spearman", [](const Evaluation& e) { return e.spearman; }},
                               {"rmse", "RMSE", [](const Evaluation& e) { return e.rmse; }, true},
                               {"loss", "loss", [](const Evaluation& e) { return e.loss; }, true}};

}  // namespace

extern constinit const Head kRegression;
constinit const Head kRegression{.architectures = kTextArchitectures,
                                 .claims = claims,
                                 .task = "regression",
                                 .answers = data::Answers::numbers,
                                 .pooler = PoolerUse::always,
                                 .n_default_labels = 1,
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
                                 .measure = measure,
                                 .metrics = kMetrics};

}  // namespace ingot::bert
