#include "data/unpacker.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "data/crc32.h"
#include "data/text_file.h"
#include "engine/base/error.h"
#include "engine/base/files.h"

namespace ingot::data {
using engine::require;

namespace {

// All that libarchive decodes in the process; its other filters start programs.
constexpr std::array kFilters{
    archive_read_support_filter_gzip,     archive_read_support_filter_bzip2, archive_read_support_filter_xz,
    archive_read_support_filter_lzma,     archive_read_support_filter_zstd,  archive_read_support_filter_lz4,
    archive_read_support_filter_compress,
};

constexpr std::string_view kGzip = "\x1f\x8b";
constexpr std::size_t kTrailerBytes = 8, kPackedBlock = std::size_t{1} << 16;

archive* new_reader() {
  archive* reader = archive_read_new();
  for (const auto support : kFilters) support(reader);
  archive_read_support_format_raw(reader);    // of at least one byte
  archive_read_support_format_empty(reader);  // of none
  return reader;
}

std::string end_of(const std::filesystem::path& path, std::uint64_t n_bytes) {
  const engine::MappedFile file(path);
  const std::span<const std::byte> end = file.bytes().last(std::min<std::size_t>(file.bytes().size(), n_bytes));
  return {reinterpret_cast<const char*>(end.data()), end.size()};
}

std::string reason(archive* reader) {
  const char* text = archive_error_string(reader);
  return text == nullptr ? "damaged" : text;
}

}  // namespace

void Unpacker::Free::operator()(archive* reader) const { archive_read_free(reader); }

Unpacker::Unpacker(std::string_view packed, std::string file, const char* kind, std::uint64_t most_bytes)
    : file_(std::move(file)),
      n_packed_(packed.size()),
      is_gzip_(packed.starts_with(kGzip)),
      trailer_(packed.substr(packed.size() - std::min(packed.size(), kTrailerBytes))),
      most_bytes_(most_bytes),
      reader_(new_reader()) {
  open(kind, archive_read_open_memory(reader_.get(), packed.data(), packed.size()));
}

Unpacker::Unpacker(const std::filesystem::path& path, const char* kind, std::uint64_t most_bytes)
    : file_(path.string()), most_bytes_(most_bytes), reader_(new_reader()) {
  engine::FileReader file(path);  // which refuses what is no regular file
  n_packed_ = file.size();
  std::string begin(kGzip.size(), '\0');
  is_gzip_ = file.read(begin) == kGzip.size() && begin == kGzip;
  trailer_ = end_of(path, std::min<std::uint64_t>(n_packed_, kTrailerBytes));
  open(kind, archive_read_open_filename(reader_.get(), path.c_str(), kPackedBlock));
}

// `status`: of opening the packed bytes.
void Unpacker::open(const char* kind, int status) {
  archive_entry* entry = nullptr;
  const int found = status >= ARCHIVE_WARN ? archive_read_next_header(reader_.get(), &entry) : status;
  // Nothing was unpacked, which of gzip finish() will confirm.
  is_empty_ = is_gzip_ && found == ARCHIVE_EOF && archive_errno(reader_.get()) == 0;
  require(found == ARCHIVE_OK || is_empty_, "{}: must be {}: {}", file_, kind,
          n_packed_ == 0 ? "is empty" : reason(reader_.get()));
}

std::uint64_t Unpacker::position() const {
  return static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_filter_bytes(reader_.get(), -1)));
}

std::string_view Unpacker::next() {
  if (is_empty_) return {};
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status = archive_read_data_block(reader_.get(), &block, &size, &offset);
  if (status == ARCHIVE_EOF) return {};
  require(status >= ARCHIVE_WARN, "{}: truncated or damaged: {}", file_, reason(reader_.get()));
  const std::string_view bytes(static_cast<const char*>(block), size);
  n_bytes_ += size;
  if (n_bytes_ > most_bytes_) fail_limit(file_, "unpack to", most_bytes_);
  crc_ = crc32(bytes, crc_);
  return bytes;
}

// What gzip says is in its last 8 bytes: CRC-32 and length, both 32 bits (RFC 1952).
void Unpacker::finish() {
  while (!next().empty()) {
  }
  if (!is_gzip_) return;
  const bool is_whole = n_packed_ >= 18 && trailer_.size() == kTrailerBytes;
  const auto stored = [this](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i > 0; --i) value = value << 8 | static_cast<unsigned char>(trailer_[at + i - 1]);
    return value;
  };
  const auto length = static_cast<std::uint32_t>(n_bytes_);
  require(is_whole && stored(4) == length,
          "{}: truncated or damaged: gzip says {} bytes (modulo 2^32) at its end, got {}; one gzip stream is read, "
          "not several joined",
          file_, is_whole ? stored(4) : 0, length);
  require(stored(0) == crc_, "{}: damaged: gzip says checksum {:08x}, got {:08x}", file_, stored(0), crc_);
}

}  // namespace ingot::data
