// Compressed files, block by block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct archive;

namespace ingot::data {

// The unpacked bytes of a file under gzip, bzip2, xz, lzma, zstd, lz4 or compress, or of one that is not compressed.
class Unpacker {
 public:
  // `packed` outlives this; `file`: its name for messages. `kind`: what messages say the file must be. Throws Error if
  // it cannot be opened, and later if it is damaged or unpacks to more than `most_bytes`.
  Unpacker(std::string_view packed, std::string file, const char* kind, std::uint64_t most_bytes);

  // The same of a file that is read as it is unpacked.
  Unpacker(const std::filesystem::path& file, const char* kind, std::uint64_t most_bytes);

  // The next block, valid until the next call; empty at the end.
  std::string_view next();

  // How many of the packed bytes have been read.
  std::uint64_t position() const;

  // Reads to the end and compares what gzip says there: checksum and length.
  void finish();

 private:
  struct Free {
    void operator()(archive* reader) const;
  };

  void open(const char* kind, int status);

  std::string file_;
  std::uint64_t n_packed_ = 0;
  bool is_gzip_ = false, is_empty_ = false;
  std::string trailer_;  // the last 8 of the packed bytes
  std::uint64_t most_bytes_;
  std::unique_ptr<archive, Free> reader_;
  std::uint64_t n_bytes_ = 0;
  std::uint32_t crc_ = 0;
};

}  // namespace ingot::data
