// Losses.
#pragma once

#include <cstdint>
#include <span>

#include "engine/autograd/variable.h"

namespace ingot::engine {

// Mean softmax cross entropy over the rows whose label is not kernels::kIgnoredLabel: logits [n_rows, n_classes] ->
// [1]. Throws Error if a label is outside of the classes or all are ignored.
Variable cross_entropy(const Variable& logits, std::span<const std::int32_t> labels);

}  // namespace ingot::engine
