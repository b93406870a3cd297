#include <algorithm>

#include "hw/simulation/simulation.h"

namespace ingot::hw {

using testbench::Byte;

std::vector<Byte> pack_beats(std::span<const std::int32_t> codes, std::int64_t lanes, int width) {
  const auto n_lanes = static_cast<std::size_t>(lanes), n_bits = static_cast<std::size_t>(width);
  const std::size_t bytes = (n_lanes * n_bits + 7) / 8;
  std::vector<Byte> beats(codes.size() / n_lanes * bytes);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    Byte* beat = &beats[i / n_lanes * bytes];
    const auto code = static_cast<std::uint32_t>(codes[i]);
    for (std::size_t b = 0, at = i % n_lanes * n_bits; b < n_bits;) {  // as many bits as the byte has room for
      const std::size_t n = std::min(n_bits - b, 8 - (at + b) % 8);
      beat[(at + b) / 8] |= static_cast<Byte>((code >> b & ((1u << n) - 1)) << (at + b) % 8);
      b += n;
    }
  }
  return beats;
}

std::vector<std::int64_t> unpack_beat(std::span<const Byte> beat, int width, bool is_signed) {
  const auto n_bits = static_cast<std::size_t>(width);
  std::vector<std::int64_t> codes(beat.size() * 8 / n_bits);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    for (std::size_t b = 0; b < n_bits; ++b) {
      const std::size_t at = i * n_bits + b;
      codes[i] |= std::int64_t{beat[at / 8] >> at % 8 & 1} << b;
    }
    if (is_signed && codes[i] >> (n_bits - 1) != 0) codes[i] -= std::int64_t{1} << n_bits;
  }
  return codes;
}

}  // namespace ingot::hw
