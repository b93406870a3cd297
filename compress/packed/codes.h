// Packs small numbers side by side into bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ingot::compress {

// n codes of 0 .. count - 1, 1 <= count <= 2^32: as many bits each as count - 1 needs, the lowest first, or for count 3
// five of them in a byte, c0 + 3 c1 + 9 c2 + 27 c3 + 81 c4. What is left of the last byte is 0.
std::size_t packed_size(std::size_t n, std::uint64_t count);
std::vector<std::uint8_t> pack_codes(std::span<const std::uint32_t> codes, std::uint64_t count);

// Reads codes one after another, so that they need no memory. Throws Error, beginning with `subject`, unless the bytes
// are what pack_codes makes of n codes.
class CodeReader {
 public:
  // `subject` and `bytes` must outlive the reader.
  CodeReader(const std::string& subject, std::span<const std::uint8_t> bytes, std::size_t n, std::uint64_t count);
  std::uint32_t next();  // to be called n times at most
  void end() const;      // that nothing is behind the n-th code

 private:
  std::uint32_t next_trit();

  const std::string& subject_;
  std::span<const std::uint8_t> bytes_;
  std::uint64_t count_;
  std::size_t n_read_ = 0, at_ = 0;  // codes; bytes
  std::uint64_t waiting_ = 0;        // what is left of the bytes that were taken
  int n_waiting_ = 0;                // its bits
};

// Reads all codes at once.
std::vector<std::uint32_t> unpack_codes(const std::string& subject, std::span<const std::uint8_t> bytes, std::size_t n,
                                        std::uint64_t count);

}  // namespace ingot::compress
