// bfloat16: the upper half of a float32, with its range and 8 bits of precision.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace ingot::engine {

using Bf16 = std::uint16_t;

inline float to_float(Bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16); }

// The nearest bfloat16, ties to even, as processors convert (vcvtneps2bf16): numbers below 2^-126 become zero, numbers
// beyond the largest infinity, and every NaN a quiet one.
inline Bf16 to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if (std::isnan(x)) return static_cast<Bf16>(bits >> 16 | 0x40);
  if ((bits & 0x7f80'0000) == 0) return static_cast<Bf16>(bits >> 16 & 0x8000);
  return static_cast<Bf16>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace ingot::engine
