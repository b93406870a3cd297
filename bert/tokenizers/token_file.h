// The file behind TokenCorpus: written front to back while texts are tokenized, mapped when read.
//
//   for each part (train, test, unlabelled, validation): ids, int32
//   for each part, if there are tags: a tag for each id, int32
//   for each part: offsets, uint64, number of texts + 1; labels, int32, and hashes, uint64, number of texts; of pairs
//     the sizes of the second texts, uint32, number of texts; numbers, float32, number of texts x numbers of each
//   label names, each ended by a zero byte; notes, in the same way
//   trailer (struct Trailer), which holds the sizes of all that and a checksum over it
//
// Sections are padded with zeros to 32 bytes. Numbers are in the byte order of the machine.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bert/tokenizers/token_cache.h"
#include "engine/base/files.h"

namespace ingot::bert {

// What the ids depend on.
struct TokenKey {
  std::uint64_t source = 0;     // fingerprint of the corpus
  std::uint64_t tokenizer = 0;  // fingerprint of the tokenizer

  bool operator==(const TokenKey&) const = default;
};

// A checksum over 64-bit words in four lanes, as fast as memory. It detects damaged files, not forged ones. Any change
// of one word changes it.
class Checksum {
 public:
  void add(const void* data, std::size_t n_bytes);  // a multiple of 32
  std::uint64_t value() const;

 private:
  std::array<std::uint64_t, 4> lanes_{1, 2, 3, 4};
};

inline constexpr std::size_t kTokenParts = 4;

class TokenFileWriter {
 public:
  explicit TokenFileWriter(const std::filesystem::path& path) : file_(path) {}

  // The next text of the current part.
  void add(const TokenRow& row);
  void end_part();  // four times in all
  void commit(const TokenKey& key, const data::CorpusFacts& facts);

 private:
  struct Part {
    std::vector<std::uint64_t> offsets{0};
    std::vector<std::int32_t> labels;
    std::vector<std::uint64_t> hashes;
    std::vector<std::uint32_t> second_sizes;
    std::vector<float> numbers;
    std::vector<std::int32_t> tags;
  };

  void write_section(const void* data, std::size_t n_bytes);
  void flush_ids();

  engine::AtomicFile file_;
  Checksum checksum_;
  std::array<Part, kTokenParts> parts_;
  std::size_t part_ = 0;
  std::vector<std::int32_t> ids_;  // not yet written
};

// The corpus in the file, if the file exists, is whole, and was made for this key and a vocabulary of `n_pieces`;
// nothing otherwise. A file by somebody else is checked as well: every offset lies in the file, every id in the
// vocabulary, every label among the names.
std::optional<TokenCorpus> open_token_file(const std::filesystem::path& path, const TokenKey& key,
                                           std::int32_t n_pieces);

}  // namespace ingot::bert
