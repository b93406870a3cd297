// What formats do with a float grid (engine/base/float_grid.h).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/float_grid.h"

namespace ingot::compress {

using engine::exp2_of;
using engine::exponent_of;
using engine::FloatGrid;

// The grid with its numbers times 2^exponent.
inline FloatGrid scaled(const FloatGrid& grid, int exponent) {
  return {grid.mantissa_bits, grid.lowest_exponent + exponent, grid.largest * exp2_of(exponent)};
}

// The smallest E for which a grid of m mantissa bits that ends with (2 - 2^-m) 2^E holds `maximum` once rounded;
// maximum > 0 and finite. 3.9 with 2 bits needs E = 2, for it rounds to 4.
inline int top_exponent(double maximum, int mantissa_bits) {
  const int exponent = exponent_of(maximum);
  // Half a step below 2^(E+1) or nearer: rounds to it, of a tie as well.
  const double bound = (2.0 - 0.5 * exp2_of(-mantissa_bits)) * exp2_of(exponent);
  return maximum >= bound ? exponent + 1 : exponent;
}

// All magnitudes from 0 to the largest, ascending; the place of one of them, and what is at a place.
std::vector<float> magnitudes(const FloatGrid& grid);
std::int64_t place(const FloatGrid& grid, double magnitude);
double magnitude_at(const FloatGrid& grid, std::int64_t place);

// The magnitudes with both signs, ascending, one 0.
std::vector<float> mirrored(const std::vector<float>& magnitudes);

}  // namespace ingot::compress
