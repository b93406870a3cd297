// Generators of the slopes that RReLU draws for negative numbers. They define what rtl/rrelu.sv must compute, bit by
// bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/fixed_point.h"

namespace ingot::compress {

// Draws one slope a beat, from 8/64 to 20/64, by an 8-bit linear feedback shift register: left shifts, taps 8, 6, 5, 4.
class LabSlopes {
 public:
  static constexpr int kFracBits = 6;
  static constexpr std::uint32_t kSeed = 0xAC;  // the seed of the published waveform

  explicit LabSlopes(std::uint32_t seed) : state_(seed) {}  // 1 .. 255

  engine::Rounding rounding(engine::Rounding) const { return engine::Rounding::floor; }
  int slope(std::size_t) const { return 8 + static_cast<int>((state_ & 15) * 13 >> 4); }
  void step() { state_ = (state_ << 1 | ((state_ >> 7 ^ state_ >> 5 ^ state_ >> 4 ^ state_ >> 3) & 1)) & 255; }

 private:
  std::uint32_t state_;
};

// Draws a slope for each element, uniform from 512/4096 to 1365/4096 (1/8 to 1/3). Each slope comes from a byte of a
// xorshift32 generator (Marsaglia: Xorshift RNGs, 2003; shifts 13, 17, 5). Four lanes share a generator.
class UniformSlopes {
 public:
  static constexpr int kFracBits = 12;

  UniformSlopes(std::uint32_t seed, std::size_t lanes) {
    for (std::uint32_t g = 0; 4 * g < lanes; ++g) states_.push_back(((seed + (g + 1) * 0x9E3779B9u) * 0x85EBCA6Bu) | 1);
  }

  engine::Rounding rounding(engine::Rounding output) const { return output; }
  int slope(std::size_t lane) const {
    const std::uint32_t byte = states_[lane / 4] >> lane % 4 * 8 & 255;
    return 512 + static_cast<int>((byte * 855 + 427) >> 8);
  }
  void step() {
    for (std::uint32_t& s : states_) {
      s ^= s << 13;
      s ^= s >> 17;
      s ^= s << 5;
    }
  }

 private:
  std::vector<std::uint32_t> states_;
};

}  // namespace ingot::compress
