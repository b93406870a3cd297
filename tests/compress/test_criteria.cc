// Scores of weights, by hand.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "compress/prune/criterion.h"
#include "engine/autograd/elementwise.h"
#include "engine/autograd/loss.h"
#include "engine/autograd/matmul.h"
#include "tests/support/error_text.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using compress::Criterion;
using compress::criterion_from_name;
using compress::kPruned;
using engine::Tensor;
using engine::Variable;

TEST_CASE("l1 scores a weight by its magnitude and leaves the pruned alone") {
  const std::vector<float> weight{-2, 0.5f, 0, -0.25f, 3};
  std::vector<float> scores{7, 7, 7, kPruned, 7};
  criterion_from_name("l1").score({.weight = weight, .scores = scores});
  CHECK(scores == std::vector<float>{2, 0.5f, 0, kPruned, 3});
}

TEST_CASE("random scores depend on seed, layer and position alone") {
  const Criterion& random = criterion_from_name("random");
  const auto drawn = [&](std::uint64_t seed, std::uint64_t layer, std::vector<float> scores) {
    random.score({.seed = seed, .layer = layer, .scores = scores});
    return scores;
  };
  const std::vector<float> once = drawn(1, 2, std::vector<float>(1000));
  CHECK(once == drawn(1, 2, std::vector<float>(1000, 5)));
  CHECK(once != drawn(2, 2, std::vector<float>(1000)));
  CHECK(once != drawn(1, 3, std::vector<float>(1000)));
  std::vector<float> some(1000);
  some[10] = some[500] = kPruned;
  std::vector<float> expected = once;
  expected[10] = expected[500] = kPruned;
  CHECK(drawn(1, 2, some) == expected);
}

TEST_CASE("random scores are uniform: each tenth of their range holds a tenth of them") {
  std::vector<float> scores(100'000);
  criterion_from_name("random").score({.seed = 3, .scores = scores});
  for (int tenth = 0; tenth < 10; ++tenth) {
    const auto n = std::count_if(scores.begin(), scores.end(), [&](float s) {
      return s >= 0.1f * static_cast<float>(tenth) && s < 0.1f * static_cast<float>(tenth + 1);
    });
    CHECK(std::abs(static_cast<double>(n) - 10'000) < 5 * std::sqrt(100'000 * 0.1 * 0.9));  // five sigma
  }
}

TEST_CASE("movement adds -w dL/dw step by step") {
  const Criterion& movement = criterion_from_name("movement");
  std::vector<float> scores{0, 0, 0, kPruned};
  movement.follow(
      {.weight = std::vector<float>{2, -1, 0.5f, 0}, .gradient = std::vector<float>{-1, -3, 4, 0}, .scores = scores});
  CHECK(scores == std::vector<float>{2, -3, -2, kPruned});
  movement.follow(
      {.weight = std::vector<float>{3, -2, 0.25f, 0}, .gradient = std::vector<float>{1, 0.5f, 8, 0}, .scores = scores});
  CHECK(scores == std::vector<float>{-1, -2, -4, kPruned});
}

// The score is -d loss(factor w) / d factor at factor 1: what scaling the weight up would save.
TEST_CASE("movement is the slope of the loss along each weight, by finite differences") {
  const std::vector<float> x = test::noise(4 * 3, 1), w = test::noise(2 * 3, 2);
  const std::vector<std::int32_t> labels{0, 1, 1, 0};
  const auto loss_of = [&](const Variable& weight) {
    return engine::cross_entropy(engine::linear(Variable(Tensor::from({4, 3}, x)), weight, {}), labels);
  };
  const Variable weight(Tensor::from({2, 3}, w), true);
  engine::backward(loss_of(weight));
  std::vector<float> scores(6);
  criterion_from_name("movement").follow({.weight = w, .gradient = weight.gradient().span(), .scores = scores});
  for (std::size_t i = 0; i < 6; ++i) {
    const auto loss_at = [&](float factor) {
      std::vector<float> scaled = w;
      scaled[i] *= factor;
      return double{loss_of(Variable(Tensor::from({2, 3}, scaled))).value().data()[0]};
    };
    const double slope = (loss_at(1.01f) - loss_at(0.99f)) / 0.02;
    CHECK(double{scores[i]} == doctest::Approx(-slope).epsilon(2e-3));
  }
}

TEST_CASE("a criterion is found by its name") {
  for (const Criterion* criterion : compress::criteria()) CHECK(&criterion_from_name(criterion->name) == criterion);
  CHECK(test::error_text([] { criterion_from_name("magic"); }) ==
        "pruning method: must be l1, random, movement, or N:M as in 2:4, got 'magic'");
}
