// Losses, number by number. Rows are those of the outputs of a model.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "tests/oracle/tape.h"

namespace ingot::oracle {

template <class Real>
using Row = std::vector<Number<Real>>;
template <class Real>
using Rows = std::vector<Row<Real>>;

template <class Real>
Row<Real> log_softmax(const Row<Real>& x) {
  Real largest = x[0].value;
  for (const Number<Real>& v : x) largest = std::max(largest, v.value);
  Number<Real> total = 0;
  for (const Number<Real>& v : x) total = total + exp(v - largest);
  Row<Real> y;
  for (const Number<Real>& v : x) y.push_back(v - largest - log(total));
  return y;
}

template <class Real>
Row<Real> softmax(const Row<Real>& x) {
  Row<Real> y;
  for (const Number<Real>& v : log_softmax(x)) y.push_back(exp(v));
  return y;
}

// PyTorch's CrossEntropyLoss(weight=weights, label_smoothing=smoothing), over the rows with a label of at least 0.
template <class Real>
Number<Real> cross_entropy(const Rows<Real>& outputs, std::span<const std::int32_t> labels,
                           std::span<const float> weights = {}, double smoothing = 0) {
  Number<Real> total = 0;
  double norm = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (labels[i] < 0) continue;
    const auto label = static_cast<std::size_t>(labels[i]);
    const Row<Real> log_p = log_softmax(outputs[i]);
    for (std::size_t c = 0; c < log_p.size(); ++c) {
      const double target = smoothing / static_cast<double>(log_p.size()) + (c == label ? 1 - smoothing : 0);
      total = total - target * (weights.empty() ? 1.0 : double{weights[c]}) * log_p[c];
    }
    norm += weights.empty() ? 1.0 : double{weights[label]};
  }
  return total / norm;
}

// -(p log s(z) + (1 - p) log(1 - s(z))), s(z) = 1 / (1 + e^-z), the mean over all numbers.
template <class Real>
Number<Real> binary_cross_entropy(const Rows<Real>& outputs, std::span<const float> targets) {
  Number<Real> total = 0;
  std::size_t n = 0;
  for (const Row<Real>& row : outputs) {
    for (const Number<Real>& z : row) {
      const double p = targets[n++];
      total = total + p * log(1.0 + exp(0.0 - z)) + (1 - p) * log(1.0 + exp(z));
    }
  }
  return total / static_cast<Real>(n);
}

template <class Real>
Number<Real> squared_error(const Rows<Real>& outputs, std::span<const float> targets) {
  Number<Real> total = 0;
  std::size_t n = 0;
  for (const Row<Real>& row : outputs) {
    for (const Number<Real>& y : row) {
      const double target = targets[n++];
      total = total + (y - target) * (y - target);
    }
  }
  return total / static_cast<Real>(n);
}

// Rows 2 i and 2 i + 1 are a pair: the cross entropy of finding the second by 20 times the cosine, among all seconds
// (sentence-transformers' MultipleNegativesRankingLoss).
template <class Real>
Number<Real> ranking_loss(const Rows<Real>& outputs) {
  const auto dot = [](const Row<Real>& a, const Row<Real>& b) {
    Number<Real> total = 0;
    for (std::size_t j = 0; j < a.size(); ++j) total = total + a[j] * b[j];
    return total;
  };
  Rows<Real> scores(outputs.size() / 2);
  std::vector<std::int32_t> own(scores.size());
  std::iota(own.begin(), own.end(), 0);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const Row<Real>& a = outputs[2 * i];
    for (std::size_t j = 0; j < scores.size(); ++j) {
      const Row<Real>& b = outputs[2 * j + 1];
      scores[i].push_back(20.0 * dot(a, b) / sqrt(dot(a, a) * dot(b, b)));
    }
  }
  return cross_entropy<Real>(scores, own);
}

// Hinton, Vinyals, Dean 2015: of each text (1 - weight) of its label's cross entropy, if it has one, and the rest of
// that against softmax(teacher / T) by softmax(outputs / T), times T^2. Mean over the texts.
template <class Real>
Number<Real> distillation_loss(const Rows<Real>& outputs, std::span<const std::int32_t> labels,
                               std::span<const float> teacher, double weight, double temperature) {
  Number<Real> total = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::size_t n = outputs[i].size();
    Row<Real> own, said;
    for (std::size_t c = 0; c < n; ++c) {
      own.push_back(outputs[i][c] / temperature);
      said.push_back(teacher[i * n + c] / temperature);
    }
    const Row<Real> log_p = log_softmax(own), p = softmax(said);
    const double share = labels[i] < 0 ? 1 : weight;
    for (std::size_t c = 0; c < n; ++c) total = total - share * temperature * temperature * p[c] * log_p[c];
    if (labels[i] >= 0) total = total + (1 - share) * cross_entropy<Real>({outputs[i]}, labels.subspan(i, 1));
  }
  return total / static_cast<Real>(outputs.size());
}

}  // namespace ingot::oracle
