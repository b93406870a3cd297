// Layer normalisation with the residual sum and dropout of a post-LN transformer.
#pragma once

#include "engine/autograd/variable.h"
#include "engine/kernels/dropout/dropout.h"

namespace ingot::engine {

// LayerNorm(dropout(x) + residual) over the last dimension. x and residual [..., columns], gamma and beta [columns]; an
// undefined residual counts as 0. With a residual or dropout the sum is written over x: x must not be used elsewhere.
Variable layer_norm(const Variable& x, const Variable& residual, const Variable& gamma, const Variable& beta, float eps,
                    const Dropout& dropout = {});

}  // namespace ingot::engine
