#include "pipeline/comparison.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace ingot::pipeline {
namespace {

std::int64_t place_of_largest(std::span<const float> row) {
  return std::max_element(row.begin(), row.end()) - row.begin();
}

}  // namespace

ModelComparison compare(const bert::Head& head, std::size_t n_outputs, std::span<const float> ours,
                        std::span<const float> theirs) {
  engine::require(ours.size() == theirs.size(), "models: have {} outputs for these texts, and {}", ours.size(),
                  theirs.size());
  ModelComparison found;
  const bool is_choice = head.answers == data::Answers::label || head.answers == data::Answers::tags;
  double squares = 0, sum = 0, sum_of_squares = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double x = static_cast<double>(ours[i]), y = static_cast<double>(theirs[i]);
    squares += (x - y) * (x - y);
    sum += y;
    sum_of_squares += y * y;
    if (head.answers != data::Answers::labels) continue;
    ++found.n_answers;
    found.n_different += (x > 0) != (y > 0);
  }
  for (std::size_t first = 0; is_choice && first < ours.size(); first += n_outputs) {
    ++found.n_answers;
    found.n_different +=
        place_of_largest(ours.subspan(first, n_outputs)) != place_of_largest(theirs.subspan(first, n_outputs));
  }
  const auto n = static_cast<double>(ours.size());
  found.noise = std::sqrt(squares / n);
  found.deviation = std::sqrt(std::max(0.0, sum_of_squares / n - sum / n * (sum / n)));
  return found;
}

}  // namespace ingot::pipeline
