// How a classifier does on each class.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace ingot::bert {

struct ClassCounts {
  std::int64_t support = 0;    // texts that have the label
  std::int64_t predicted = 0;  // texts that were given it
  std::int64_t hits = 0;       // both

  // hits / predicted, hits / support and their harmonic mean; none where the divisor is 0.
  std::optional<double> precision() const;
  std::optional<double> recall() const;
  std::optional<double> f1() const;  // 2 hits / (support + predicted)
};

struct ClassScores {
  std::vector<ClassCounts> classes;                                           // by label
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> confusion{};  // texts by truth and prediction

  double macro_f1() const;  // mean F1 of the labels that occur, among predictions or truths; 0 if none does
};

// truths and predictions: labels below n_labels, of the same texts in the same order.
ClassScores class_scores(std::span<const std::int32_t> truths, std::span<const std::int32_t> predictions,
                         std::int64_t n_labels);

// Weights n / (k n_c) for n labels, k classes that occur among them and n_c labels of class c: every class weighs the
// same in all, and the mean weight of a label is 1. This is scikit-learn's compute_class_weight("balanced"), after
// King and Zeng, "Logistic Regression in Rare Events Data", 2001. 0 for a class that does not occur.
std::vector<float> balanced_weights(std::span<const std::int32_t> labels, std::int64_t n_labels);

}  // namespace ingot::bert
