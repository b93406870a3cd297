#include "data/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <memory>

#include "data/readers.h"
#include "data/unpacker.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/utf8.h"

namespace ingot::data {
using engine::fail;
using engine::require;

namespace {

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using ArchivePtr = std::unique_ptr<archive, FreeArchive>;

bool failed(la_ssize_t status) { return status < ARCHIVE_WARN; }

std::string reason(archive* reader) {
  const char* text = archive_error_string(reader);
  return text == nullptr ? "damaged" : text;
}

// What libarchive calls for more of the tar archive. Its C frames must not see an exception: it is kept for later.
struct Feed {
  Unpacker unpacker;
  std::exception_ptr thrown;
};

la_ssize_t read_feed(archive* reader, void* data, const void** block) {
  Feed& feed = *static_cast<Feed*>(data);
  try {
    const std::string_view bytes = feed.unpacker.next();
    *block = bytes.data();
    return static_cast<la_ssize_t>(bytes.size());
  } catch (...) {
    feed.thrown = std::current_exception();
    archive_set_error(reader, EIO, "cannot be unpacked");
    return ARCHIVE_FATAL;
  }
}

class TarReader {
 public:
  TarReader(std::string_view bytes, const std::string& file, std::uint64_t most_bytes)
      : file_(file), feed_{Unpacker(bytes, file, "a tar archive", most_bytes), nullptr} {
    archive_read_support_format_tar(reader_.get());
    check(archive_read_open(reader_.get(), &feed_, nullptr, read_feed, nullptr), "at its beginning");
  }

  // The next member, or null after the last one of a whole archive.
  archive_entry* next() {
    if (started_) check(archive_read_data_skip(reader_.get()), place());
    started_ = true;
    const la_int64_t end_of_member = archive_filter_bytes(reader_.get(), 0);
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader_.get(), &entry);
    if (status == ARCHIVE_EOF) {
      // A whole archive ends with blocks of zeros. Without them it was cut between two members.
      require(archive_filter_bytes(reader_.get(), 0) > end_of_member, "{}: truncated: ends {} without the end mark",
              file_, place());
      feed_.unpacker.finish();
      return nullptr;
    }
    check(status, place());
    const char* path = archive_entry_pathname_utf8(entry);
    if (path == nullptr) path = archive_entry_pathname(entry);
    path_ = path != nullptr ? path : "";
    return entry;
  }

  const std::string& path() const { return path_; }

  std::string content(la_int64_t size) {
    std::string text;
    text.reserve(static_cast<std::size_t>(std::clamp<la_int64_t>(size, 0, 1 << 20)));  // a header may lie
    for (;;) {
      const void* block = nullptr;
      std::size_t n_bytes = 0;
      la_int64_t offset = 0;
      const int status = archive_read_data_block(reader_.get(), &block, &n_bytes, &offset);
      if (status == ARCHIVE_EOF) break;
      check(status, place());
      const auto n_read = static_cast<la_int64_t>(text.size());
      require(offset == n_read, "{}: {}: must be stored whole, got a sparse file", file_, engine::excerpt(path_));
      text.append(static_cast<const char*>(block), n_bytes);
    }
    return text;
  }

 private:
  std::string place() const { return path_.empty() ? "at its beginning" : "after member " + engine::excerpt(path_); }

  void check(int status, const std::string& where) {
    if (!failed(status)) return;
    if (feed_.thrown) std::rethrow_exception(feed_.thrown);
    fail("{}: must be a whole tar archive: {}: {}", file_, where, reason(reader_.get()));
  }

  const std::string& file_;
  Feed feed_;
  ArchivePtr reader_{archive_read_new()};
  std::string path_;  // of the last member
  bool started_ = false;
};

}  // namespace

void read_tar(std::string_view bytes, const std::string& file, std::uint64_t most_bytes,
              const std::function<bool(std::string_view path)>& wanted,
              const std::function<void(std::string content)>& take) {
  TarReader reader(bytes, file, most_bytes);
  while (archive_entry* entry = reader.next()) {
    if (archive_entry_filetype(entry) == AE_IFDIR || !wanted(reader.path())) continue;
    const bool plain = archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr;
    require(plain, "{}: {}: must be a plain file, got a link or device", file, engine::excerpt(reader.path()));
    take(reader.content(archive_entry_size(entry)));
  }
}

bool is_tar_name(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 9> kShort{".tar", ".tgz", ".taz",  ".tbz", ".tbz2",
                                                   ".txz", ".tlz", ".tzst", ".tlz4"};
  const std::string extension = lower_extension(path);
  return std::find(kShort.begin(), kShort.end(), extension) != kShort.end() || lower_extension(path.stem()) == ".tar";
}

}  // namespace ingot::data
