// Operations on single elements, and sums of tensors.
#pragma once

#include "engine/autograd/variable.h"
#include "engine/kernels/activation/activation.h"
#include "engine/kernels/dropout/dropout.h"

namespace ingot::engine {

Variable add(const Variable& a, const Variable& b);  // equal shapes
Variable activate(const Variable& x, Activation activation);
Variable dropout(const Variable& x, const Dropout& dropout);  // rows of the mask: all dimensions but the last
Variable softmax(const Variable& x);                          // over the last dimension
Variable sigmoid(const Variable& x);                          // 1 / (1 + e^-x)
Variable sum(const Variable& x);                              // -> [1]

}  // namespace ingot::engine
