// The contents of a ROM.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace ingot::hw {

// A word of a ROM, of any number of bits.
class Word {
 public:
  // Appends the lowest `width` bits of a code above the bits that the word has.
  void append(std::int64_t code, int width) {
    for (int i = 0; i < width; ++i) bits_.push_back((code >> i & 1) != 0);
  }
  void append(const Word& word) { bits_.insert(bits_.end(), word.bits_.begin(), word.bits_.end()); }
  std::int64_t width() const { return static_cast<std::int64_t>(bits_.size()); }

  // The 32 bits from bit `at` on; bits beyond the end are 0.
  std::uint32_t chunk(std::size_t at) const {
    std::uint32_t bits = 0;
    for (std::size_t i = at; i < std::min(at + 32, bits_.size()); ++i) bits |= std::uint32_t{bits_[i]} << (i - at);
    return bits;
  }

  // The word as ceil(width / 4) hexadecimal digits, highest first.
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
  std::string name;         // LAYER_PARAMETER, as in fc1_weight
  std::vector<Word> words;  // all of the same width; words[0] is at address 0
  bool is_outside = false;  // of a core: no ROM of the design, but of a memory that the top module has ports to

  std::int64_t width() const { return words.front().width(); }
  std::int64_t depth() const { return static_cast<std::int64_t>(words.size()); }
  std::int64_t bits() const { return width() * depth(); }
  std::string file() const { return name + ".mem"; }
  // The text that $readmemh reads: a word a line.
  std::string text() const {
    std::string lines;
    for (const Word& word : words) lines += word.hex() + "\n";
    return lines;
  }
  // FNV-1a over 32 bits at a time. rtl/rom_block.sv computes the same hash of the words that it read, and compares.
  std::uint32_t hash() const {
    std::uint32_t hash = 0x811c9dc5;
    for (const Word& word : words) {
      for (std::int64_t at = 0; at < word.width(); at += 32)
        hash = (hash ^ word.chunk(static_cast<std::size_t>(at))) * 0x01000193;
    }
    return hash;
  }
  // True if the ROM is built as logic: 16 words take one LUT of four inputs a bit, less than a block RAM. The limit on
  // the bits is there because tools do not read longer constants.
  bool is_small() const { return depth() <= 16 && bits() <= 16384; }
};

}  // namespace ingot::hw
