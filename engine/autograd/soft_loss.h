// Losses against numbers: several labels at a time, quantities, and the soft labels of a teacher.
#pragma once

#include <span>

#include "engine/autograd/variable.h"

namespace ingot::engine {

// Mean over all elements of the binary cross entropy of sigmoid(z) against p in [0, 1]:
// max(z, 0) - z p + log(1 + e^-|z|), as PyTorch's BCEWithLogitsLoss. logits [n_rows, n], targets [n_rows n] -> [1].
Variable binary_cross_entropy(const Variable& logits, std::span<const float> targets);

// Mean over all elements of (y - t)^2, as PyTorch's MSELoss. outputs [n_rows, n], targets [n_rows n] -> [1].
Variable squared_error(const Variable& outputs, std::span<const float> targets);

// Mean over the rows of -sum_c w_c log softmax(z / temperature)_c. logits [n_rows, n], weights [n_rows n], at least 0:
// probabilities, or a share of them -> [1].
Variable soft_cross_entropy(const Variable& logits, std::span<const float> weights, float temperature = 1);

// weight a + other_weight b, of losses [1].
Variable mixed(const Variable& a, float weight, const Variable& b, float other_weight);

// factor times a loss [1].
Variable scaled(const Variable& loss, float factor);

// y = x scale / |x| for each row, |x| its Euclidean length; a row of zeros stays one. [..., n] -> [..., n].
Variable normalize_rows(const Variable& x, float scale = 1);

}  // namespace ingot::engine
