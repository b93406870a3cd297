// The numbers of a small floating-point format, and the nearest of them. Every format here but fixed is such a grid, or
// one grid for each block:
//
//   0, and +-(1 + k 2^-m) 2^E for E >= lowest_exponent, 0 <= k < 2^m; below 2^lowest_exponent the multiples of
//   2^(lowest_exponent - m) ("subnormals"); nothing above `largest`.
//
// Counted from 0 upwards, the place of a magnitude is its code of exponent and mantissa fields, and of two equally near
// numbers the one with the even place is taken, as IEEE 754 does.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace ingot::compress {

struct FloatGrid {
  int mantissa_bits;    // m <= 23
  int lowest_exponent;  // of normal numbers
  double largest;
};

// 2^exponent, -1022 <= exponent <= 1023.
inline double exp2_of(int exponent) { return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52); }

// floor(log2(a)) for normal a > 0, from its exponent field: exact, where a logarithm may round up to the next integer.
inline int exponent_of(double a) { return static_cast<int>(std::bit_cast<std::uint64_t>(a) >> 52) - 1023; }

// The grid with its numbers times 2^exponent.
inline FloatGrid scaled(const FloatGrid& grid, int exponent) {
  return {grid.mantissa_bits, grid.lowest_exponent + exponent, grid.largest * exp2_of(exponent)};
}

// y = the nearest numbers of the grid; infinities give the largest, NaN stays, 0 is +0. y may be x. One thread.
void round_to_grid(const FloatGrid& grid, std::int64_t n, const float* x, float* y);

// The smallest E for which a grid of m mantissa bits that ends with (2 - 2^-m) 2^E holds `maximum` once rounded;
// maximum > 0 and finite. 3.9 with 2 bits needs E = 2, for it rounds to 4.
int top_exponent(double maximum, int mantissa_bits);

// All magnitudes from 0 to the largest, ascending; the place of one of them, and what is at a place.
std::vector<float> magnitudes(const FloatGrid& grid);
std::int64_t place(const FloatGrid& grid, double magnitude);
double magnitude_at(const FloatGrid& grid, std::int64_t place);

// The magnitudes with both signs, ascending, one 0.
std::vector<float> mirrored(const std::vector<float>& magnitudes);

}  // namespace ingot::compress
