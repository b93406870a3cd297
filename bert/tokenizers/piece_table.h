// Exact look-up of byte strings: open addressing over FNV-1a, whose hash of a prefix is a step of the hash of the
// whole, so that all prefixes of a word cost one pass.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ingot::bert {

class PieceTable {
 public:
  static constexpr std::uint64_t kHashStart = 0xcbf29ce484222325u;
  static std::uint64_t extend(std::uint64_t hash, char c) {
    return (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }

  // Adds a piece whose bytes outlive the table. False, and nothing is added, if it is there already.
  bool add(std::string_view piece, std::int32_t id);

  // The id of `piece`, whose hash is `hash`; -1 if it is not there.
  std::int32_t find(std::string_view piece, std::uint64_t hash) const;

  std::size_t longest() const { return longest_; }  // in bytes

 private:
  struct Slot {
    std::string_view piece;
    std::uint32_t tag = 0;  // upper half of the hash: spares most comparisons of strings
    std::int32_t id = -1;   // -1: free
  };

  std::size_t slot_of(std::string_view piece, std::uint64_t hash) const;
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t count_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace ingot::bert
