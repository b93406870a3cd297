#include "pipeline/comparison.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/base/error.h"

namespace ingot::pipeline {
namespace {

std::int64_t place_of_largest(std::span<const float> row) {
  return std::max_element(row.begin(), row.end()) - row.begin();
}

}  // namespace

ModelComparison compare(const bert::Head& head, const bert::Predictions& a, const bert::Predictions& other) {
  engine::require(a.n_outputs == other.n_outputs && a.values.size() == other.values.size(),
                  "models: have {} outputs for these texts, and {}", a.values.size(), other.values.size());
  ModelComparison found;
  const bool is_choice = head.answers == data::Answers::label || head.answers == data::Answers::tags;
  double squares = 0, sum = 0, sum_of_squares = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const double x = static_cast<double>(a.values[i]), y = static_cast<double>(other.values[i]);
    squares += (x - y) * (x - y);
    sum += y;
    sum_of_squares += y * y;
    if (head.answers != data::Answers::labels) continue;
    ++found.n_answers;
    found.n_different += (x > 0) != (y > 0);
  }
  for (std::size_t first = 0; is_choice && first < a.values.size(); first += a.n_outputs) {
    ++found.n_answers;
    found.n_different += place_of_largest(std::span(a.values).subspan(first, a.n_outputs)) !=
                         place_of_largest(std::span(other.values).subspan(first, a.n_outputs));
  }
  const auto n = static_cast<double>(a.values.size());
  found.noise = std::sqrt(squares / n);
  found.deviation = std::sqrt(std::max(0.0, sum_of_squares / n - sum / n * (sum / n)));
  return found;
}

}  // namespace ingot::pipeline
