// What compression does to one tensor on its way through a layer, as operations of the graph. Gradients are
// straight-through: 0 where an element was set to 0 or clipped, else as if nothing had been changed.
#pragma once

#include "compress/compression.h"

namespace ingot::compress {

// x * mask; mask has the shape of x and holds 0 and 1.
engine::Variable masked(const engine::Variable& x, const engine::Tensor& mask);

// The mask of the n_kept largest |x| of each row: exactly so many, of equal ones those that come first. NaN is largest.
engine::Tensor largest_of_rows(const engine::Tensor& x, std::int64_t n_kept);

// The number of elements of a row of n that are left when this share of them is set to 0.
std::int64_t kept_of_row(std::int64_t n, double sparsity);

// x quantised as the quantizer says. With is_batch the outermost dimension counts examples. Stochastic formats draw
// from a stream named by the content of x: the same tensor is rounded in the same way whenever that is done.
engine::Variable fake_quantize(const engine::Variable& x, const Quantizer& quantizer, bool is_batch);

// Whether 0 stays 0. Sign formats and some mase modes have no 0.
bool keeps_zero(const Quantizer& quantizer);

}  // namespace ingot::compress
