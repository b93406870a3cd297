// What a ROM holds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace ingot::hw {

// A word of any number of bits.
class Word {
 public:
  // The lowest `width` bits of a code become the next higher ones of the word.
  void append(std::int64_t code, int width) {
    for (int i = 0; i < width; ++i) bits_.push_back((code >> i & 1) != 0);
  }
  void append(const Word& word) { bits_.insert(bits_.end(), word.bits_.begin(), word.bits_.end()); }
  std::int64_t width() const { return static_cast<std::int64_t>(bits_.size()); }

  // 32 bits from `at` on, zeros beyond the end.
  std::uint32_t chunk(std::size_t at) const {
    std::uint32_t bits = 0;
    for (std::size_t i = at; i < std::min(at + 32, bits_.size()); ++i) bits |= std::uint32_t{bits_[i]} << (i - at);
    return bits;
  }

  // ceil(width / 4) hexadecimal digits, the highest first.
  std::string hex() const {
    std::string digits((bits_.size() + 3) / 4, '0');
    for (std::size_t i = 0; i < bits_.size(); i += 4) {
      int digit = 0;
      for (std::size_t b = i; b < i + 4 && b < bits_.size(); ++b) digit |= static_cast<int>(bits_[b]) << (b - i);
      digits[digits.size() - 1 - i / 4] = "0123456789abcdef"[digit];
    }
    return digits;
  }

 private:
  std::vector<bool> bits_;
};

struct Image {
  std::string name;         // of its source, as in fc1_weight
  std::vector<Word> words;  // of equal width, from address 0

  std::int64_t width() const { return words.front().width(); }
  std::int64_t depth() const { return static_cast<std::int64_t>(words.size()); }
  std::int64_t bits() const { return width() * depth(); }
  std::string file() const { return name + ".mem"; }
  // As $readmemh reads it: a word a line.
  std::string text() const {
    std::string lines;
    for (const Word& word : words) lines += word.hex() + "\n";
    return lines;
  }
  // FNV-1a over 32 bits at a time, as rtl/rom_block.sv computes it of the words that it read.
  std::uint32_t hash() const {
    std::uint32_t hash = 0x811c9dc5;
    for (const Word& word : words) {
      for (std::int64_t at = 0; at < word.width(); at += 32)
        hash = (hash ^ word.chunk(static_cast<std::size_t>(at))) * 0x01000193;
    }
    return hash;
  }
  // A few words cost less as logic: one LUT of four inputs a bit. Longer constants are beyond what tools read.
  bool is_small() const { return depth() <= 16 && bits() <= 16384; }
};

}  // namespace ingot::hw
