// Products: linear layers and plain matrices.
#pragma once

#include "engine/autograd/variable.h"
#include "engine/kernels/activation/activation.h"

namespace ingot::engine {

// activation(x w^T + bias): x [..., k], w [n, k], bias [n] or undefined -> [..., n].
Variable linear(const Variable& x, const Variable& w, const Variable& bias,
                Activation activation = Activation::identity);

// a b: a [m, n], b [n, k] -> [m, k].
Variable matmul(const Variable& a, const Variable& b);

}  // namespace ingot::engine
