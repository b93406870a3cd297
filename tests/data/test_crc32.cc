#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "data/crc32.h"

using namespace ingot::data;

TEST_CASE("the checksum agrees with a bitwise one at every length and in parts") {
  CHECK(crc32("123456789") == 0xcbf43926u);  // the check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    std::uint32_t slow = ~0u;
    for (const char c : bytes) {
      slow ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) slow = slow >> 1 ^ ((slow & 1) != 0 ? 0xEDB88320u : 0);
    }
    CHECK(crc32(bytes) == ~slow);
    const std::string_view view(bytes);
    CHECK(crc32(view.substr(view.size() / 3), crc32(view.substr(0, view.size() / 3))) == ~slow);
    bytes.push_back(static_cast<char>(37 * i + 11));
  }
}
