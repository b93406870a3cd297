// Losses.
#pragma once

#include <cstdint>
#include <span>

#include "engine/autograd/matmul.h"
#include "engine/autograd/variable.h"

namespace ingot::engine {

// Mean softmax cross entropy over the rows whose label is not kernels::kIgnoredLabel: logits [n_rows, n_classes] ->
// [1]. Throws Error if a label is outside of the classes or all are ignored.
Variable cross_entropy(const Variable& logits, std::span<const std::int32_t> labels);

// The mean with weights, sum w[label] loss / sum w[label] over these rows, as PyTorch's CrossEntropyLoss(weight=w) has
// it. weights [n_classes], at least 0. Throws Error as above, and if the weights of all labels are 0.
Variable weighted_cross_entropy(const Variable& logits, std::span<const std::int32_t> labels,
                                std::span<const float> weights);

// The loss with smoothed labels: instead of label y a row has the targets (1 - s) [c = y] + s / n_classes, s from 0 to
// 1 (Szegedy et al. 2016, section 7). With weights (empty: all 1) as PyTorch's CrossEntropyLoss(weight=w,
// label_smoothing=s): the sum over rows and classes of -w[c] target[c] log softmax(logits)[c], divided by the sum of
// w[label] over these rows. Throws Error as above.
Variable smoothed_cross_entropy(const Variable& logits, std::span<const std::int32_t> labels,
                                std::span<const float> weights, double label_smoothing);

// cross_entropy(linear(x, w, bias), labels) for many classes, without ever holding all logits: rows go through in
// tiles, whose gradients are taken while they are there. x [n_rows, k], w [n_classes, k], bias [n_classes]. sums:
// fastest or bf16.
Variable linear_cross_entropy(const Variable& x, const Variable& w, const Variable& bias,
                              std::span<const std::int32_t> labels, Sums sums = Sums::fastest);

}  // namespace ingot::engine
