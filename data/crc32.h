// The checksum of gzip, which libarchive reads but does not compare.
#pragma once

#include <cstdint>
#include <string_view>

namespace ingot::data {

// CRC-32 (RFC 1952, section 8: polynomial 0xEDB88320, reflected) of `bytes`; `crc` chains calls.
std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace ingot::data
