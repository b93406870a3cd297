#include "data/source.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "data/readers.h"
#include "data/table.h"
#include "data/text_file.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/system_error.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::content_hash;
using engine::fail;

namespace {

constexpr std::uint64_t kDefaultBytes = std::uint64_t{4} << 30;

// Readers of built-in data: a word instead of a path. A file or folder of that name is reached as ./word.
struct BuiltIn {
  std::string_view word;
  std::unique_ptr<Source> (*open)(const ReadingOptions& options);
};
constexpr std::array kWords{
    BuiltIn{"glosses", open_glosses},
    BuiltIn{"gloss-pairs", open_gloss_pairs},
    BuiltIn{"gloss-kinds", open_gloss_kinds},
    BuiltIn{"gloss-tags", open_gloss_tags},
};

// Readers of paths: the first that opens it reads it.
struct Reader {
  bool has_columns;        // which options name
  std::string_view reads;  // for the message when none does
  std::unique_ptr<Source> (*open)(const fs::path& path, const ReadingOptions& options);
};
constexpr std::array kReaders{
    Reader{false, "an IMDb archive (aclImdb.tar.gz) or its extracted folder", open_imdb},
    Reader{
        true,
        "a .csv, .tsv, .jsonl or .txt file (or .json; each also .gz), or a folder holding train.* or unlabelled.* of "
        "these",
        open_tables},
};

void check_has_columns(bool has_columns, const std::string& where, const ReadingOptions& options) {
  const bool named =
      !options.text.empty() || !options.pair.empty() || !options.label.empty() || !options.separator.empty();
  engine::require(has_columns || !named, "{}: has no columns; --text, --pair, --label and --separator are about tables",
                  where);
}

}  // namespace

fs::path locate(const std::string& where) {
  const fs::path path(where);
  std::error_code unreadable;
  if (fs::exists(path, unreadable)) return path;
  if (unreadable && unreadable != std::errc::not_a_directory) engine::fail_of_system(path, "read", unreadable.value());
  const char* folder = std::getenv("INGOT_DATA");
  const bool has_folder = folder != nullptr && *folder != '\0';
  if (has_folder && path.is_relative() && fs::exists(fs::path(folder) / path, unreadable)) {
    return fs::path(folder) / path;
  }
  if (path.is_absolute()) fail("data: no file or folder '{}'", where);
  if (has_folder) fail("data: no file or folder '{}', neither here nor in INGOT_DATA ({})", where, folder);
  fail("data: no file or folder '{}' here, and INGOT_DATA names no folder to look in", where);
}

std::uint64_t ReadingOptions::limit() const {
  if (most_bytes > 0) return most_bytes;
  const long n_pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  const std::uint64_t memory = n_pages > 0 && page > 0 ? static_cast<std::uint64_t>(n_pages) * page : kDefaultBytes * 2;
  return std::min(kDefaultBytes, memory / 2);
}

std::vector<Example>& Corpus::part(Part part) {
  std::vector<Example>* const all[] = {&train, &test, &unlabelled, &validation};
  return *all[static_cast<std::size_t>(part)];
}

Corpus Source::read() const {
  Corpus corpus;
  within_memory(name(), [&] {
    static_cast<CorpusFacts&>(corpus) = visit([&](Part part, Example&& example) {
      example.text.shrink_to_fit();
      corpus.part(part).push_back(std::move(example));
    });
  });
  return corpus;
}

std::string_view name(Answers answers) {
  constexpr std::string_view kNames[] = {"none", "label", "labels", "numbers", "tags"};
  return kNames[static_cast<std::size_t>(answers)];
}

CorpusFacts deliver(Corpus&& corpus, const Source::Take& take) {
  for (const Part part : kParts) {
    for (Example& example : corpus.part(part)) take(part, std::move(example));
    std::vector<Example>().swap(corpus.part(part));
  }
  return std::move(corpus);
}

std::vector<std::string_view> source_words() {
  std::vector<std::string_view> words;
  for (const BuiltIn& word : kWords) words.push_back(word.word);
  return words;
}

std::unique_ptr<Source> open_source(const std::string& where, const ReadingOptions& options) {
  engine::require(!where.empty(), "data: must be a path or a word such as glosses, got nothing");
  for (const BuiltIn& word : kWords) {
    if (where != word.word) continue;
    check_has_columns(false, where, options);
    return word.open(options);
  }
  const fs::path path = locate(where);
  std::string kinds;
  for (const Reader& reader : kReaders) {
    if (std::unique_ptr<Source> source = reader.open(path, options)) {
      check_has_columns(reader.has_columns, where, options);
      return source;
    }
    kinds += fmt::format("{}{}", kinds.empty() ? "" : "; ", reader.reads);
  }
  fail("{}: must be {}", path.string(), kinds);
}

std::unique_ptr<Source> open_parts(const PartFiles& files, const ReadingOptions& options) {
  const auto found = [](const std::string& where) { return where.empty() ? fs::path() : locate(where); };
  const std::array paths{found(files.train), found(files.validation), found(files.test)};
  for (const fs::path& path : paths) {
    engine::require(path.empty() || (type_of(path) != fs::file_type::directory && format_of(path) != nullptr),
                    "{}: a part must be a .csv, .tsv, .jsonl, .json or .conll file, each also .gz", path.string());
  }
  if (files.validation.empty() && files.test.empty()) return open_tables(paths[0], options);
  return open_table_parts(paths[0], paths[1], paths[2], options);
}

std::uint64_t file_fingerprint(std::string_view kind, const fs::path& file, std::uint64_t most_bytes) {
  check_size(file, most_bytes);
  return engine::file_content_hash(file, content_hash(kind));
}

std::uint64_t stamp_fingerprint(const fs::path& file, const fs::path& folder, std::uint64_t hash) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  const auto time = error ? fs::file_time_type() : fs::last_write_time(file, error);
  engine::require_done(error, file, "read");
  const std::int64_t ticks = time.time_since_epoch().count();
  return content_hash(fmt::format("{}/{}/{}", file.lexically_relative(folder).string(), size, ticks), hash);
}

fs::file_type type_of(const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (type == fs::file_type::none) engine::fail_of_system(path, "read", error.value());
  return type;
}

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return extension;
}

}  // namespace ingot::data
