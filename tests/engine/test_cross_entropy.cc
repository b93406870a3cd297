#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/kernels/cross_entropy/cross_entropy.h"
#include "engine/kernels/cross_entropy/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
using namespace ingot::test;

namespace {

constexpr std::int64_t kClasses[] = {2, 3, 7, 8, 9, 15, 16, 17, 26, 31, 64, 65, 511, 513, 1025, 30522};
constexpr float kWeight = 0.5f;

struct Oracle {
  double loss;
  std::vector<double> gradient;
};

// In double, around the label: loss = log(1 + sum of exp(logit - label's) over the others).
Oracle oracle(const std::vector<float>& logits, std::size_t label) {
  std::vector<double> e;
  double others = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    e.push_back(std::exp(static_cast<double>(logits[c]) - static_cast<double>(logits[label])));
    if (c != label) others += e[c];
  }
  Oracle result{.loss = std::log1p(others), .gradient = {}};
  for (std::size_t c = 0; c < logits.size(); ++c) {
    result.gradient.push_back(static_cast<double>(kWeight) * (c == label ? -others : e[c]) / (1 + others));
  }
  return result;
}

// Relative errors of the loss and of the gradient; an element below 1e-30 counts as 1e-30.
void check_row(const CrossEntropyRow& row, const std::vector<float>& logits, std::size_t label) {
  const auto n = static_cast<std::int64_t>(logits.size());
  const Oracle want = oracle(logits, label);
  std::vector<float> gradient = logits;
  const auto label_id = static_cast<std::int32_t>(label);
  const float loss = cross_entropy_of_row(row, n, gradient.data(), label_id, kWeight, gradient.data());
  CHECK(loss == cross_entropy_of_row(row, n, logits.data(), label_id, kWeight, nullptr));
  CHECK(std::abs(loss / want.loss - 1) < 1e-6);
  double worst = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    worst = std::max(worst, std::abs(gradient[c] - want.gradient[c]) / std::max(1e-30, std::abs(want.gradient[c])));
  }
  CHECK(worst < 1e-6);
}

}  // namespace

TEST_CASE("cross entropy and its gradient are within 1e-6 of double on every instruction set and number of classes") {
  for_each_row(cross_entropy_rows(), [](const CrossEntropyRow& row) {
    for (const std::int64_t n_classes : kClasses) {
      CAPTURE(n_classes);
      const auto n = static_cast<std::size_t>(n_classes);
      std::vector<float> logits = noise(n_classes, 1, 3);
      for (const std::size_t label : {std::size_t{0}, n / 2, n - 1}) check_row(row, logits, label);
      for (float& logit : logits) logit -= 200;  // all far below 0: a maximum that starts at 0 would underflow
      check_row(row, logits, n / 2);
    }
  });
}

TEST_CASE("cross entropy keeps its digits when the label has nearly all or nearly no probability") {
  for_each_row(cross_entropy_rows(), [](const CrossEntropyRow& row) {
    for (const float lead : {5.0f, 20.0f, 40.0f, -20.0f, -40.0f}) {
      CAPTURE(lead);
      for (const std::size_t n : {std::size_t{2}, std::size_t{26}, std::size_t{1000}}) {
        std::vector<float> logits = noise(static_cast<std::int64_t>(n), 2);
        logits[1] = lead;
        check_row(row, logits, 1);
      }
    }
  });
}

TEST_CASE("cross entropy finds the largest logit wherever it is") {
  for_each_row(cross_entropy_rows(), [](const CrossEntropyRow& row) {
    for (const std::int64_t n_classes : {2, 5, 16, 40, 70, 137}) {
      for (std::size_t at = 0; at < static_cast<std::size_t>(n_classes); ++at) {
        CAPTURE(at);
        std::vector<float> logits = noise(n_classes, 6);
        logits[at] += 150;  // exp of it overflows unless it is subtracted
        check_row(row, logits, (at + 1) % logits.size());
      }
    }
  });
}

TEST_CASE("cross entropy's gradient agrees with central differences of the loss in double") {
  std::vector<float> logits = noise(9, 3), gradient(9);
  const std::int32_t label = 4;
  float loss = 0;
  cross_entropy(1, 9, logits.data(), &label, 1, &loss, gradient.data());
  for (std::size_t c = 0; c < 9; ++c) {
    const float before = logits[c], h = 0x1p-10f;
    logits[c] = before + h;
    const double up = oracle(logits, 4).loss;
    const float above = logits[c];
    logits[c] = before - h;
    const double slope = (up - oracle(logits, 4).loss) / (static_cast<double>(above) - logits[c]);
    logits[c] = before;
    CHECK(std::abs(gradient[c] - slope) < 1e-6);
  }
}

TEST_CASE("cross entropy ignores rows without a label and gives the same bits on one and two threads") {
  const std::int64_t n_rows = 90, n_classes = 1000;
  const std::vector<float> logits = noise(n_rows * n_classes, 4);
  std::vector<std::int32_t> labels;
  for (std::int32_t r = 0; r < n_rows; ++r) labels.push_back(r % 3 == 0 ? kIgnoredLabel : r * 11);
  const auto [one, two] = on_one_and_on(2, [&] {
    std::vector<float> losses(static_cast<std::size_t>(n_rows), 77), gradient(logits.size(), 77);
    cross_entropy(n_rows, n_classes, logits.data(), labels.data(), 0.25f, losses.data(), gradient.data());
    return std::pair{losses, gradient};
  });
  CHECK(same_bits(one.first, two.first));
  CHECK(same_bits(one.second, two.second));
  CHECK(one.first[3] == 0);
  CHECK(one.first[4] > 1);
  const auto ignored = std::span(one.second).subspan(3000, 1000);
  CHECK(std::all_of(ignored.begin(), ignored.end(), [](float value) { return value == 0; }));
  CHECK(one.second[4 * 1000 + 44] < 0);
}

TEST_CASE("a NaN among the logits reaches the loss") {
  for_each_row(cross_entropy_rows(), [](const CrossEntropyRow& row) {
    for (std::size_t at = 0; at < 40; ++at) {
      std::vector<float> logits = noise(40, 5);
      logits[at] = std::numeric_limits<float>::quiet_NaN();
      CHECK(std::isnan(cross_entropy_of_row(row, 40, logits.data(), 7, 1, nullptr)));
    }
  });
}
