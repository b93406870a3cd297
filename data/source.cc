#include "data/source.h"

#include <array>
#include <cstdlib>
#include <filesystem>

#include "data/readers.h"
#include "engine/base/error.h"
#include "engine/base/files.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::content_hash;
using engine::fail;

namespace {

// Readers of built-in data: a word instead of a path. A file or folder of that name is reached as ./word.
struct Word {
  std::string_view word;
  std::unique_ptr<Source> (*open)();
};
constexpr std::array kWords{
    Word{"glosses", open_glosses},
};

// Readers of paths: the first that opens it reads it.
struct Reader {
  std::string_view reads;  // for the message when none does
  std::unique_ptr<Source> (*open)(const fs::path& path);
};
constexpr std::array kReaders{
    Reader{"an IMDb archive (aclImdb.tar.gz) or its extracted folder", open_imdb},
    Reader{"a .csv, .tsv, .jsonl or .txt file, or a folder holding train.* or unlabelled.* of these", open_tables},
};

// `where` itself, or else, when it is relative, in the folder that INGOT_DATA names.
fs::path locate(const std::string& where) {
  const fs::path path(where);
  std::error_code unreadable;
  if (fs::exists(path, unreadable)) return path;
  if (unreadable && unreadable != std::errc::not_a_directory)
    fail("{}: cannot read: {}", path.string(), unreadable.message());
  const char* folder = std::getenv("INGOT_DATA");
  const bool has_folder = folder != nullptr && *folder != '\0';
  if (has_folder && path.is_relative() && fs::exists(fs::path(folder) / path, unreadable)) {
    return fs::path(folder) / path;
  }
  if (path.is_absolute()) fail("data: no file or folder '{}'", where);
  if (has_folder) fail("data: no file or folder '{}', neither here nor in INGOT_DATA ({})", where, folder);
  fail("data: no file or folder '{}' here, and INGOT_DATA names no folder to look in", where);
}

}  // namespace

std::unique_ptr<Source> open_source(const std::string& where) {
  engine::require(!where.empty(), "data: must be a path or the word glosses, got nothing");
  for (const Word& word : kWords) {
    if (where == word.word) return word.open();
  }
  const fs::path path = locate(where);
  std::string kinds;
  for (const Reader& reader : kReaders) {
    if (std::unique_ptr<Source> source = reader.open(path)) return source;
    kinds += fmt::format("{}{}", kinds.empty() ? "" : "; ", reader.reads);
  }
  fail("{}: must be {}", path.string(), kinds);
}

std::uint64_t file_fingerprint(std::string_view kind, const fs::path& file) {
  const engine::MappedFile mapped(file);
  const auto bytes = mapped.bytes();
  return content_hash({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, content_hash(kind));
}

std::uint64_t stamp_fingerprint(const fs::path& file, const fs::path& folder, std::uint64_t hash) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  const auto time = error ? fs::file_time_type() : fs::last_write_time(file, error);
  if (error) fail("{}: cannot read: {}", file.string(), error.message());
  const std::int64_t ticks = time.time_since_epoch().count();
  return content_hash(fmt::format("{}/{}/{}", file.lexically_relative(folder).string(), size, ticks), hash);
}

fs::file_type type_of(const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (type == fs::file_type::none) fail("{}: cannot read: {}", path.string(), error.message());
  return type;
}

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return extension;
}

}  // namespace ingot::data
