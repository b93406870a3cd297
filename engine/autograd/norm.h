// Layer normalisation with the residual sum and dropout of a post-LN transformer.
#pragma once

#include "engine/autograd/variable.h"
#include "engine/kernels/dropout/dropout.h"

namespace ingot::engine {

// LayerNorm(dropout(x) + residual) over the last dimension; gamma, beta [columns]; residual undefined: none. x must not
// be used elsewhere if the sum changes it (residual or dropout): its memory is reused.
Variable layer_norm(const Variable& x, const Variable& residual, const Variable& gamma, const Variable& beta, float eps,
                    const Dropout& dropout = {});

}  // namespace ingot::engine
