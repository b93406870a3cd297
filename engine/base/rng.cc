#include "engine/base/rng.h"

#include <cmath>
#include <numbers>

namespace ingot::engine {

std::uint32_t Rng::bits() {
  const std::uint64_t block = position_ / 4;
  const auto word = static_cast<std::size_t>(position_ % 4);
  ++position_;
  return philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                 static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
                seed_)[word];
}

double Rng::uniform() {
  const std::uint64_t high = bits() >> 5;  // 27 bits
  const std::uint64_t low = bits() >> 6;   // 26 bits
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}

double Rng::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Rng::below(std::uint64_t bound) {
  const auto draw = [this] {
    const std::uint64_t high = bits();
    return high << 32 | bits();
  };
  const std::uint64_t excess = (0 - bound) % bound;  // 2^64 mod bound: the draws that would bias small values
  std::uint64_t value = draw();
  while (value < excess) value = draw();
  return value % bound;
}

}  // namespace ingot::engine
