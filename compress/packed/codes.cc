#include "compress/packed/codes.h"

#include <bit>

#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;

constexpr std::size_t kTrits = 5;  // of a byte: 3^5 = 243
constexpr std::uint32_t kTritValues = 243;

int bits_of(std::uint64_t count) { return std::bit_width(count - 1); }

std::vector<std::uint8_t> pack_trits(std::span<const std::uint32_t> codes) {
  std::vector<std::uint8_t> bytes((codes.size() + kTrits - 1) / kTrits, 0);
  for (std::size_t i = codes.size(); i-- > 0;) {
    std::uint8_t& byte = bytes[i / kTrits];
    byte = static_cast<std::uint8_t>(3 * byte + codes[i]);
  }
  return bytes;
}

std::vector<std::uint32_t> unpack_trits(const std::string& subject, std::span<const std::uint8_t> bytes,
                                        std::size_t n) {
  std::vector<std::uint32_t> codes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::uint32_t left = bytes[i];
    require(left < kTritValues, "{}: byte {} must be below {}, got {}", subject, i, kTritValues, left);
    for (std::size_t j = 0; j < kTrits && codes.size() < n; ++j, left /= 3) codes.push_back(left % 3);
    require(left == 0, "{}: byte {} holds more than the last code", subject, i);
  }
  return codes;
}

}  // namespace

std::size_t packed_size(std::size_t n, std::uint64_t count) {
  if (count == 3) return (n + kTrits - 1) / kTrits;
  return (n * static_cast<std::size_t>(bits_of(count)) + 7) / 8;
}

std::vector<std::uint8_t> pack_codes(std::span<const std::uint32_t> codes, std::uint64_t count) {
  if (count == 3) return pack_trits(codes);
  std::vector<std::uint8_t> bytes;
  std::uint64_t waiting = 0;
  int n_waiting = 0;
  for (const std::uint32_t code : codes) {
    waiting |= std::uint64_t{code} << n_waiting;
    for (n_waiting += bits_of(count); n_waiting >= 8; n_waiting -= 8, waiting >>= 8)
      bytes.push_back(static_cast<std::uint8_t>(waiting));
  }
  if (n_waiting > 0) bytes.push_back(static_cast<std::uint8_t>(waiting));
  return bytes;
}

std::vector<std::uint32_t> unpack_codes(const std::string& subject, std::span<const std::uint8_t> bytes, std::size_t n,
                                        std::uint64_t count) {
  require(bytes.size() == packed_size(n, count), "{}: {} codes of {} take {} bytes, got {}", subject, n, count,
          packed_size(n, count), bytes.size());
  if (count == 3) return unpack_trits(subject, bytes, n);
  std::vector<std::uint32_t> codes;
  const int bits = bits_of(count);
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  std::uint64_t waiting = 0;
  int n_waiting = 0;
  auto next = bytes.begin();
  for (std::size_t i = 0; i < n; ++i) {
    for (; n_waiting < bits; n_waiting += 8) waiting |= std::uint64_t{*next++} << n_waiting;
    const std::uint64_t code = waiting & mask;
    require(code < count, "{}: code {} must be below {}, got {}", subject, i, count, code);
    codes.push_back(static_cast<std::uint32_t>(code));
    waiting >>= bits;
    n_waiting -= bits;
  }
  require(waiting == 0, "{}: the bits after the last code must be 0", subject);
  return codes;
}

}  // namespace ingot::compress
