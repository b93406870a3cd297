// The rules that the floating-point formats share.
#pragma once

#include <algorithm>

#include "compress/formats/float_grid.h"
#include "compress/formats/kind.h"

namespace ingot::compress {

constexpr int default_bias(int exponent_bits) { return (1 << (exponent_bits - 1)) - 1; }

// Hidden bit, subnormals, exponent codes 0 .. 2^e - 1 less the bias. Ends where float32 does: bfloat16's width with the
// default bias would reach 2^129.
inline FloatGrid minifloat_grid(int exponent_bits, int mantissa_bits, int bias) {
  const int top = (1 << exponent_bits) - 1 - bias;
  const double largest = (2.0 - exp2_of(-mantissa_bits)) * exp2_of(std::min(top, 127));
  return {mantissa_bits, 1 - bias, largest};
}

// Throws Error unless the width leaves between `lowest` and `highest` mantissa bits.
void check_mantissa(const Format& format, int exponent_bits, int lowest, int highest);

void map_to_grid(const QuantizeCall& call, const FloatGrid& grid);

inline ValueRange symmetric_range(const FloatGrid& grid) { return {-grid.largest, grid.largest}; }

// The sign in front of a code of width - 1 bits; 0 has no sign.
inline std::int64_t signed_code(std::int64_t code, float value, int width) {
  return value < 0 ? code | std::int64_t{1} << (width - 1) : code;
}

}  // namespace ingot::compress
