#include "data/text_file.h"

#include <algorithm>
#include <array>

#include "data/readers.h"
#include "data/unpacker.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/utf8.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::fail;

namespace {

constexpr std::string_view kGzip = "\x1f\x8b";

// How files begin that are often taken for text.
struct Kind {
  std::string_view begins;
  const char* is;
};
constexpr std::array kKinds{
    Kind{"\xff\xfe", "UTF-16; convert it: iconv -f UTF-16 -t UTF-8"},
    Kind{"\xfe\xff", "UTF-16; convert it: iconv -f UTF-16 -t UTF-8"},
    Kind{kGzip, "compressed by gzip; its name must end with .gz"},
    Kind{"PK\x03\x04", "a zip archive (as spreadsheets are); export it as CSV"},
    Kind{"PAR1", "Parquet; export it as CSV or JSON lines"},
    Kind{"ARROW1", "Arrow; export it as CSV or JSON lines"},
    Kind{"BZh", "compressed by bzip2; unpack it, or compress it with gzip"},
    Kind{"\x28\xb5\x2f\xfd", "compressed by zstd; unpack it, or compress it with gzip"},
    Kind{"\xfd"
         "7zXZ",
         "compressed by xz; unpack it, or compress it with gzip"},
};

// UTF-16 and UTF-32 without a mark: every ASCII character comes with zero bytes.
bool has_wide_characters(std::string_view start) {
  const std::string_view first = start.substr(0, 64);
  return first.size() >= 4 && std::count(first.begin(), first.end(), '\0') * 3 >= std::ssize(first);
}

std::string first_bytes(const fs::path& file, std::size_t n_bytes, std::uint64_t most_bytes) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error || size <= n_bytes) return read_bytes(file, most_bytes);  // which says what is no regular file
  if (size > most_bytes) fail_limit(file.string(), "have", most_bytes);
  std::string start(n_bytes, '\0');
  start.resize(engine::FileReader(file).read(start));
  return start;
}

std::string unpacked_start(const fs::path& path, std::size_t n_bytes, std::uint64_t most_bytes) {
  Unpacker unpacker = open_gzip(path, most_bytes);
  std::string text;
  std::string_view block;
  while (text.size() < n_bytes && !(block = unpacker.next()).empty()) text += block;
  if (text.size() < n_bytes) unpacker.finish();
  text.resize(std::min(text.size(), n_bytes));
  return text;
}

void prepare(std::string& text) {
  if (engine::without_bom(text).size() < text.size()) text.erase(0, text.size() - engine::without_bom(text).size());
  if (text.find('\n') == text.npos) std::replace(text.begin(), text.end(), '\r', '\n');
}

}  // namespace

void check_kind(std::string_view start, const std::string& file) {
  for (const Kind& kind : kKinds) {
    if (start.starts_with(kind.begins)) fail("{}: must be text in UTF-8, is {}", file, kind.is);
  }
  if (has_wide_characters(start))
    fail("{}: must be text in UTF-8, looks like UTF-16 or UTF-32; convert it with iconv", file);
}

std::size_t cut_character(std::string_view text) {
  for (std::size_t n = 1; n <= 3 && n <= text.size(); ++n) {
    const auto lead = static_cast<unsigned char>(text[text.size() - n]);
    if ((lead & 0xC0) != 0x80) return engine::utf8_sequence_length(text.substr(text.size() - n)) == 0 ? n : 0;
  }
  return 0;
}

void check_size(const fs::path& file, std::uint64_t most_bytes) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);  // what has none is refused when it is opened
  if (!error && size > most_bytes) fail_limit(file.string(), "have", most_bytes);
}

Unpacker open_gzip(const fs::path& path, std::uint64_t most_bytes) {
  check_size(path, most_bytes);
  std::string begin(16, '\0');
  begin.resize(engine::FileReader(path).read(begin));
  engine::require(begin.starts_with(kGzip), "{}: must be compressed by gzip, as its name says, got '{}'", path.string(),
                  engine::excerpt(begin));
  return Unpacker(path, "compressed by gzip", most_bytes);
}

std::string read_bytes(const fs::path& file, std::uint64_t most_bytes) {
  check_size(file, most_bytes);
  return engine::read_file(file, static_cast<std::size_t>(most_bytes));
}

bool is_gzip_name(const fs::path& file) { return lower_extension(file) == ".gz"; }

fs::path without_gzip(const fs::path& file) { return is_gzip_name(file) ? fs::path(file).replace_extension() : file; }

std::string read_start(const fs::path& path, std::size_t n_bytes, std::uint64_t most_bytes) {
  std::string text =
      is_gzip_name(path) ? unpacked_start(path, n_bytes, most_bytes) : first_bytes(path, n_bytes, most_bytes);
  check_kind(text, path.string());
  // Where it was cut, a character may be too.
  const bool cut = text.size() >= n_bytes;
  engine::require_utf8_file(std::string_view(text).substr(0, text.size() - (cut ? cut_character(text) : 0)),
                            path.string());
  prepare(text);
  return text;
}

void fail_limit(const std::string& file, const char* verb, std::uint64_t most_bytes) {
  fail("{}: must {} at most {} MiB, which is the limit of --data-limit, got more", file, verb, most_bytes >> 20);
}

}  // namespace ingot::data
