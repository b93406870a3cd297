// Logits that mean what they say: softmax(logits / temperature) with the temperature under which labels that were held
// out are likeliest (Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ingot::pipeline {

// Logits of n texts, [n, n_classes], and their labels below n_classes.
struct LabelledLogits {
  std::span<const float> logits;
  std::span<const std::int32_t> labels;
  std::size_t n_classes;
};

// Mean over the texts of -log softmax(logits / temperature)[label].
double cross_entropy(const LabelledLogits& texts, double temperature = 1);

inline constexpr double kLeastTemperature = 0.05, kMostTemperature = 20;

// The temperature of the least cross-entropy, within these bounds: few texts, or texts that are all right, may ask for
// 0 or infinity. 1 without texts.
double fit_temperature(const LabelledLogits& texts);

}  // namespace ingot::pipeline
