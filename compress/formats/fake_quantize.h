// Quantisation inside of the graph, for training with it.
#pragma once

#include "compress/formats/format.h"
#include "engine/autograd/variable.h"

namespace ingot::compress {

// quantize(x) whose gradient is straight-through (Bengio, Leonard, Courville: Estimating or Propagating Gradients
// Through Stochastic Neurons, 2013): that of y as if y were x. With `clip` it is 0 where x is outside of the format's
// value_range, its ends inside; binary_residual always clips.
engine::Variable fake_quantize(const engine::Variable& x, const Format& format, const QuantizeOptions& options = {},
                               bool clip = false);

}  // namespace ingot::compress
