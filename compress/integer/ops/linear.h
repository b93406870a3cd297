// y = requantize(W x + b): the operation's data, and what is proved of its sums.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "compress/integer/operation.h"

namespace ingot::compress {

// What makes the products in hardware: a multiplier each, one for two outputs (rtl/double_product.sv), or additions of
// shifted numbers.
enum class Products { multipliers, shared_multipliers, adders };

// sums[j] = bias[j] + sum over p of x[p] weights[j,p], exact, with input.frac_bits + weight_frac_bits[j] fraction bits.
// y[j] = requantize(sums[j], shift(j), ...), as engine/base/fixed_point.h defines it.
struct Linear {
  std::int64_t n, k;  // outputs, inputs
  int weight_width;
  std::vector<int> weight_frac_bits;  // [n]
  std::vector<std::int32_t> weights;  // [n, k] codes
  std::vector<std::int64_t> bias;     // [n], with the fraction bits of the sums; empty: none
  Products products = Products::multipliers;
};

// max over channels of |bias| + max |x| sum |weights|: no partial sum is larger in magnitude.
std::int64_t sum_bound(const Linear& linear, const FixedPoint& input);
std::int64_t sum_bound(const Layer& linear);

// Bits of a two's complement number that holds -bound .. bound.
int signed_bits(std::int64_t bound);

// The fraction bits of the channel's sums minus those of the output.
int shift(const Layer& linear, std::int64_t channel);

// On the engine's kernels, whose sums have 32 bits; null if the widths are beyond them.
std::unique_ptr<Kernel> fast_linear(const Layer& linear);

}  // namespace ingot::compress
