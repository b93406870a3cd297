#include "data/unpacker.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>

#include "data/crc32.h"
#include "data/text_file.h"
#include "engine/base/error.h"

namespace ingot::data {
using engine::require;

namespace {

// All that libarchive decodes in the process; its other filters start programs.
constexpr std::array kFilters{
    archive_read_support_filter_gzip,     archive_read_support_filter_bzip2, archive_read_support_filter_xz,
    archive_read_support_filter_lzma,     archive_read_support_filter_zstd,  archive_read_support_filter_lz4,
    archive_read_support_filter_compress,
};

std::string reason(archive* reader) {
  const char* text = archive_error_string(reader);
  return text == nullptr ? "damaged" : text;
}

}  // namespace

void Unpacker::Free::operator()(archive* reader) const { archive_read_free(reader); }

Unpacker::Unpacker(std::string_view packed, const std::string& file, const char* kind, std::uint64_t most_bytes)
    : packed_(packed), file_(file), most_bytes_(most_bytes), reader_(archive_read_new()) {
  for (const auto support : kFilters) support(reader_.get());
  archive_read_support_format_raw(reader_.get());
  archive_entry* entry = nullptr;
  const bool opened = archive_read_open_memory(reader_.get(), packed.data(), packed.size()) >= ARCHIVE_WARN &&
                      archive_read_next_header(reader_.get(), &entry) == ARCHIVE_OK;
  require(opened, "{}: must be {}: {}", file, kind, packed.empty() ? "is empty" : reason(reader_.get()));
}

std::string_view Unpacker::next() {
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
  if (!packed_.starts_with("\x1f\x8b")) return;
  const auto stored = [this](std::size_t from_end) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i > 0; --i) {
      value = value << 8 | static_cast<unsigned char>(packed_[packed_.size() - from_end + i - 1]);
    }
    return value;
  };
  const auto length = static_cast<std::uint32_t>(n_bytes_);
  require(packed_.size() >= 18 && stored(4) == length,
          "{}: truncated or damaged: gzip says {} bytes (modulo 2^32) at its end, got {}; one gzip stream is read, "
          "not several joined",
          file_, packed_.size() >= 18 ? stored(4) : 0, length);
  require(stored(8) == crc_, "{}: damaged: gzip says checksum {:08x}, got {:08x}", file_, stored(8), crc_);
}

}  // namespace ingot::data
