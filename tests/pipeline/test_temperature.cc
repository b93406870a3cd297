// Temperatures, against a search over a grid.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/base/rng.h"
#include "pipeline/ngrams/calibration.h"

using namespace ingot;
using pipeline::cross_entropy;
using pipeline::fit_temperature;

namespace {

struct Drawn {
  std::vector<float> logits;
  std::vector<std::int32_t> labels;
};

// Labels drawn from softmax(logits / temperature).
Drawn draw(std::size_t n, std::size_t n_classes, double temperature) {
  engine::Rng rng(3, static_cast<std::uint64_t>(engine::Stream::test));
  Drawn drawn;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> shares;
    double sum = 0;
    for (std::size_t k = 0; k < n_classes; ++k) {
      drawn.logits.push_back(static_cast<float>(3 * rng.normal()));
      shares.push_back(std::exp(drawn.logits.back() / temperature));
      sum += shares.back();
    }
    double at = rng.uniform() * sum;
    std::int32_t label = 0;
    while (label + 1 < static_cast<std::int32_t>(n_classes) && at >= shares[static_cast<std::size_t>(label)])
      at -= shares[static_cast<std::size_t>(label++)];
    drawn.labels.push_back(label);
  }
  return drawn;
}

}  // namespace

TEST_CASE("the cross-entropy is the mean of -log softmax, by hand") {
  const std::vector<float> logits{0, 2, 1, -1};
  const std::vector<std::int32_t> labels{1, 1};
  const double expected = (-std::log(std::exp(1) / (1 + std::exp(1))) + std::log(1 + std::exp(1))) / 2;
  CHECK(cross_entropy({logits, labels, 2}, 2) == doctest::Approx(expected));
  const std::vector<float> huge{1e4f, -1e4f};
  CHECK(cross_entropy({huge, std::vector<std::int32_t>{1}, 2}) == doctest::Approx(2e4));
}

TEST_CASE("no temperature of a grid has a lower cross-entropy than the one that is fitted") {
  for (const double truth : {0.3, 1.0, 4.0}) {
    for (const std::size_t n_classes : {2, 5}) {
      const Drawn drawn = draw(3000, n_classes, truth);
      const pipeline::LabelledLogits texts{drawn.logits, drawn.labels, n_classes};
      const double fitted = fit_temperature(texts), least = cross_entropy(texts, fitted);
      for (double t = 0.1; t < 10; t *= 1.01) CHECK(cross_entropy(texts, t) >= least);
      CHECK(std::abs(std::log(fitted / truth)) < 0.15);  // of 3,000 texts
    }
  }
}

TEST_CASE("a temperature stays within its bounds where texts ask for none") {
  const std::vector<float> logits{-1, 1, -2, 2};
  const std::vector<std::int32_t> right{1, 1}, wrong{0, 0};
  CHECK(fit_temperature({logits, right, 2}) >= pipeline::kLeastTemperature);
  CHECK(fit_temperature({logits, right, 2}) < 0.06);  // nothing is left to lose in doubles
  CHECK(fit_temperature({logits, wrong, 2}) == doctest::Approx(pipeline::kMostTemperature));
  CHECK(fit_temperature({{}, {}, 2}) == 1);
}
