// The float32 arithmetic of MASE's quantisers, in the order in which PyTorch does it: what mase mode must equal bit for
// bit. Exponents come from float32 log2, which is 1.0 already just below 2; what follows is exact but for the rounding
// to an integer, and so may be done in double.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "compress/formats/float_grid.h"

namespace ingot::compress::mase {

// Round half to even, keeping the sign of 0. Below 2^23 the sum has no room for a fraction.
inline float round(float x) {
  const float a = std::fabs(x), r = a < 0x1p23f ? (a + 0x1p23f) - 0x1p23f : a;
  return std::copysign(r, x);
}

inline float floor(float x) {
  const float r = round(x);
  // By a mask: half of all numbers would be guessed wrong by a branch.
  return r - std::bit_cast<float>(std::bit_cast<std::int32_t>(1.0f) & -static_cast<std::int32_t>(r > x));
}

// An integer function of log2(a), a > 0: E or E + 1 for 2^E <= a < 2^(E+1), by whether the mantissa field is above
// `border`. Within 512 of the border and of both ends of the binade, float32's log2 decides.
template <class OfLogarithm>
int exponent_near(float a, std::uint32_t border, const OfLogarithm& of_logarithm) {
  const auto bits = std::bit_cast<std::uint32_t>(a);
  const std::uint32_t mantissa = bits & 0x007f'ffffu, exponent = bits >> 23;
  const bool clear = mantissa - 512 < 0x007f'ffffu - 1024 && mantissa + 512 - border > 1024;
  if (!clear || exponent - 1 >= 254) [[unlikely]] {
    return static_cast<int>(std::clamp(of_logarithm(std::log2(a)), -1000.0f, 1000.0f));  // of 0 and infinity too
  }
  return static_cast<int>(exponent) - 127 + static_cast<int>(mantissa > border);
}

inline int floor_log2(float a) {
  return exponent_near(a, 0x007f'ffffu, [](float l) { return std::floor(l); });
}
inline int ceil_log2(float a) {
  return exponent_near(a, 0, [](float l) { return std::ceil(l); });
}
inline int round_log2(float a) {
  return exponent_near(a, 0x0035'04f3u, [](float l) { return round(l); });  // (sqrt(2) - 1) 2^23
}

// The integer nearest to t within [0, last], ties to even; not for NaN.
inline double clamped_round(double t, double last) {
  const double c = t < 0.0 ? 0.0 : t > last ? last : t;
  return (c + 0x1p52) - 0x1p52;
}

}  // namespace ingot::compress::mase
