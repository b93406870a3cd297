// The numbers of a small floating-point format. Every format but fixed point is such a grid, or one grid for each
// block:
//
//   0, and +-(1 + k 2^-m) 2^E for E >= lowest_exponent, 0 <= k < 2^m; below 2^lowest_exponent the multiples of
//   2^(lowest_exponent - m) ("subnormals"); nothing above `largest`.
//
// Counted from 0 upwards, the place of a magnitude is its code of exponent and mantissa fields, and of two equally near
// numbers the one with the even place is taken, as IEEE 754 does.
#pragma once

#include <bit>
#include <cstdint>

namespace ingot::engine {

struct FloatGrid {
  int mantissa_bits;    // m <= 23
  int lowest_exponent;  // of normal numbers
  double largest;       // one of the numbers
};

// 2^exponent, -1022 <= exponent <= 1023.
inline double exp2_of(int exponent) { return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52); }

// floor(log2(a)) for normal a > 0, from its exponent field: exact, where a logarithm may round up to the next integer.
inline int exponent_of(double a) { return static_cast<int>(std::bit_cast<std::uint64_t>(a) >> 52) - 1023; }

}  // namespace ingot::engine
