#include "data/crc32.h"

#include <array>
#include <cstddef>

namespace ingot::data {
namespace {

constexpr std::size_t kSlices = 16;
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

// Row s holds the remainder of each byte followed by s zero bytes, so that 16 bytes are looked up independently of one
// another (Kounavis, Berry: A systematic approach to building high performance, software-based, CRC generators, 2005).
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t shorter = tables[slice - 1][byte];
      tables[slice][byte] = shorter >> 8 ^ tables[0][shorter & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
  crc = ~crc;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= kSlices; left -= kSlices, at += kSlices) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 4; ++i) next ^= kTables[kSlices - 1 - i][at[i] ^ (crc >> (8 * i) & 0xff)];
    for (std::size_t i = 4; i < kSlices; ++i) next ^= kTables[kSlices - 1 - i][at[i]];
    crc = next;
  }
  for (; left > 0; --left, ++at) crc = crc >> 8 ^ kTables[0][(crc ^ *at) & 0xff];
  return ~crc;
}

}  // namespace ingot::data
