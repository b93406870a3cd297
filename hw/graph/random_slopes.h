// Generators of the slopes that RReLU draws for negative numbers, one a beat: the definition for software and hardware.
#pragma once

#include <cstdint>

namespace ingot::hw {

// Slopes 8/64 .. 20/64 from an 8-bit shift register, as the lab's published design draws them: left shifts, taps 8, 6,
// 5, 4, slope 8 + ((state & 15) 13 >> 4) in 2^-6, products rounded down, their low bits kept.
struct LabSlopes {
  static constexpr int kFracBits = 6;
  static constexpr std::uint32_t kSeed = 0xAC;

  std::uint32_t state = kSeed;  // 1 .. 255

  int slope() const { return 8 + static_cast<int>((state & 15) * 13 >> 4); }
  void step() {
    const std::uint32_t bit = (state >> 7 ^ state >> 5 ^ state >> 4 ^ state >> 3) & 1;
    state = (state << 1 | bit) & 255;
  }
};

}  // namespace ingot::hw
