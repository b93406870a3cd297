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

CodeReader::CodeReader(const std::string& subject, std::span<const std::uint8_t> bytes, std::size_t n,
                       std::uint64_t count)
    : subject_(subject), bytes_(bytes), count_(count) {
  require(bytes.size() == packed_size(n, count), "{}: {} codes of {} take {} bytes, got {}", subject, n, count,
          packed_size(n, count), bytes.size());
}

std::uint32_t CodeReader::next() {
  if (count_ == 3) return next_trit();
  const int bits = bits_of(count_);
  for (; n_waiting_ < bits; n_waiting_ += 8) waiting_ |= std::uint64_t{bytes_[at_++]} << n_waiting_;
  const std::uint64_t code = waiting_ & ((std::uint64_t{1} << bits) - 1);
  require(code < count_, "{}: code {} must be below {}, got {}", subject_, n_read_, count_, code);
  waiting_ >>= bits;
  n_waiting_ -= bits;
  ++n_read_;
  return static_cast<std::uint32_t>(code);
}

std::uint32_t CodeReader::next_trit() {
  if (n_read_++ % kTrits == 0) {
    waiting_ = bytes_[at_];
    require(waiting_ < kTritValues, "{}: byte {} must be below {}, got {}", subject_, at_, kTritValues, waiting_);
    ++at_;
  }
  const std::uint64_t code = waiting_ % 3;
  waiting_ /= 3;
  return static_cast<std::uint32_t>(code);
}

void CodeReader::end() const {
  if (count_ == 3) {
    require(waiting_ == 0, "{}: byte {} holds more than the last code", subject_, at_ - 1);
  } else {
    require(waiting_ == 0, "{}: the bits after the last code must be 0", subject_);
  }
}

std::vector<std::uint32_t> unpack_codes(const std::string& subject, std::span<const std::uint8_t> bytes, std::size_t n,
                                        std::uint64_t count) {
  CodeReader reader(subject, bytes, n, count);
  std::vector<std::uint32_t> codes;
  for (std::size_t i = 0; i < n; ++i) codes.push_back(reader.next());
  reader.end();
  return codes;
}

}  // namespace ingot::compress
