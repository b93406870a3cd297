// The rules that the floating-point formats share.
#pragma once

#include "compress/formats/float_grid.h"
#include "compress/formats/kind.h"

namespace ingot::compress {

constexpr int default_bias(int exponent_bits) { return (1 << (exponent_bits - 1)) - 1; }

// Hidden bit, subnormals, exponent codes 0 .. 2^e - 1 less the bias. Ends where float32 does: bfloat16's width with the
// default bias would reach 2^129.
FloatGrid minifloat_grid(int exponent_bits, int mantissa_bits, int bias);

// Throws Error unless the width leaves between `lowest` and `highest` mantissa bits.
void check_mantissa(const Format& format, int exponent_bits, int lowest, int highest);

void map_to_grid(const QuantizeCall& call, const FloatGrid& grid);

inline ValueRange symmetric_range(const FloatGrid& grid) { return {-grid.largest, grid.largest}; }

// The sign in front of a code of width - 1 bits; 0 has no sign.
inline std::int64_t signed_code(std::int64_t code, float value, int width) {
  return value < 0 ? code | std::int64_t{1} << (width - 1) : code;
}

}  // namespace ingot::compress
