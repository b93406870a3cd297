#include "bert/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "engine/base/printable.h"

namespace ingot::bert {

using engine::Json;

std::vector<std::size_t> likeliest(std::span<const float> probabilities, std::int64_t k) {
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto n = std::min(static_cast<std::size_t>(k), order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
                    });
  order.resize(n);
  return order;
}

std::string likeliest_line(const Prediction& prediction, std::int64_t k) {
  std::string line;
  for (const std::size_t j : likeliest(prediction.values, k))
    line += fmt::format("{}{}\t{:.4f}", line.empty() ? "" : "\t", engine::printable(prediction.config.label_names[j]),
                        prediction.values[j]);
  return line;
}

Json likeliest_json(const Prediction& prediction, std::int64_t k) {
  Json list = Json::array();
  for (const std::size_t j : likeliest(prediction.values, k))
    list.push_back({{"label", prediction.config.label_names[j]}, {"probability", prediction.values[j]}});
  return list;
}

void add_likeliest_columns(const Prediction& prediction, std::int64_t k, std::int64_t first,
                           std::vector<AnswerColumn>& columns) {
  std::int64_t rank = 0;
  for (const std::size_t j : likeliest(prediction.values, k)) {
    if (++rank < first) continue;
    columns.push_back({fmt::format("label_{}", rank), prediction.config.label_names[j]});
    columns.push_back({fmt::format("probability_{}", rank), short_number(prediction.values[j])});
  }
}

Json probabilities_json(const Prediction& prediction) {
  Json all = Json::object();
  for (std::size_t j = 0; j < prediction.values.size(); ++j)
    all[prediction.config.label_names[j]] = prediction.values[j];
  return all;
}

void add_probability_columns(const Prediction& prediction, std::vector<AnswerColumn>& columns) {
  for (std::size_t j = 0; j < prediction.values.size(); ++j)
    columns.push_back({fmt::format("p({})", prediction.config.label_names[j]), short_number(prediction.values[j])});
}

Json short_number(float value) {
  if (!std::isfinite(value)) return {};
  return std::strtod(fmt::format("{}", value).c_str(), nullptr);
}

}  // namespace ingot::bert
