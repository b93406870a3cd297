#include "pipeline/ngrams/calibration.h"

#include <algorithm>
#include <cmath>

namespace ingot::pipeline {
namespace {

// Of one text at 1 / temperature = beta.
struct Likelihood {
  double loss;   // -log softmax(beta z)[label]
  double slope;  // its derivative by beta: the mean of z under the softmax, less z[label]
};

Likelihood likelihood(std::span<const float> logits, std::size_t label, double beta) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0, weighted = 0;
  for (const double z : logits) {
    const double p = std::exp(beta * (z - highest));
    sum += p;
    weighted += p * z;
  }
  return {beta * (highest - logits[label]) + std::log(sum), weighted / sum - logits[label]};
}

Likelihood mean_likelihood(const LabelledLogits& texts, double beta) {
  Likelihood mean{0, 0};
  for (std::size_t i = 0; i < texts.labels.size(); ++i) {
    const Likelihood one = likelihood(texts.logits.subspan(i * texts.n_classes, texts.n_classes),
                                      static_cast<std::size_t>(texts.labels[i]), beta);
    mean.loss += one.loss;
    mean.slope += one.slope;
  }
  const auto n = static_cast<double>(texts.labels.size());
  return {mean.loss / n, mean.slope / n};
}

}  // namespace

double cross_entropy(const LabelledLogits& texts, double temperature) {
  return mean_likelihood(texts, 1 / temperature).loss;
}

// The loss is convex in beta: its slope is halved in on, on a scale of ratios.
double fit_temperature(const LabelledLogits& texts) {
  if (texts.labels.empty()) return 1;
  constexpr int kHalvings = 40;
  double low = std::log(1 / kMostTemperature), high = std::log(1 / kLeastTemperature);
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (mean_likelihood(texts, std::exp(middle)).slope < 0 ? low : high) = middle;
  }
  return std::exp(-(low + high) / 2);
}

}  // namespace ingot::pipeline
