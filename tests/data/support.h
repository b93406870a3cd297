// What the tests of readers share: a folder that vanishes, archives made in memory, where real data may lie.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/source.h"
#include "data/table.h"
#include "engine/base/error.h"

namespace ingot::data {

inline bool operator==(const Word& a, const Word& b) { return a.end == b.end && a.tag == b.tag; }
inline bool operator==(const Example& a, const Example& b) {
  return a.text == b.text && a.label == b.label && a.second == b.second && a.numbers == b.numbers && a.words == b.words;
}
inline bool operator==(const Corpus& a, const Corpus& b) {
  return a.label_names == b.label_names && a.answers == b.answers && a.has_pairs == b.has_pairs && a.train == b.train &&
         a.test == b.test && a.unlabelled == b.unlabelled && a.validation == b.validation;
}

// A format as the readers know it.
struct TableFormat {
  Layout (*look)(std::string_view, const std::string&, Labels, const ReadingOptions&);
  std::vector<std::string> (*parse)(TextReader&, const std::string&, const Layout&, const TakeRow&);
};
inline constexpr TableFormat kCsv{look_at_csv, parse_delimited}, kTsv{look_at_tsv, parse_delimited},
    kJsonl{look_at_json, parse_jsonl}, kJson{look_at_json, parse_json_file}, kConll{look_at_conll, parse_conll},
    kLines{look_at_lines, parse_lines};

inline std::vector<Row> rows_of(const TableFormat& format, std::string_view text, const std::string& file,
                                Labels labels = Labels::required, const ReadingOptions& options = {}) {
  std::vector<Row> rows;
  const Layout layout = format.look(text, file, labels, options);
  TextReader reader(text);
  format.parse(reader, file, layout, [&](Row&& row) { rows.push_back(std::move(row)); });
  return rows;
}

// All that a parser says of a text that comes in blocks: rows with their places, notes, and the error that ends it.
inline std::string said_of(const TableFormat& format, std::string_view text, std::size_t n_block_bytes,
                           Labels labels = Labels::required, const ReadingOptions& options = {}) {
  std::string said;
  try {
    const std::string file = "a";
    const Layout layout = format.look(text, file, labels, options);
    TextReader reader(text, n_block_bytes);
    const auto notes = format.parse(reader, file, layout, [&](Row&& row) {
      said += fmt::format("{}: [{}] [{}] {} [{}] [{}]\n", row.line, row.text, row.second, row.is_list,
                          fmt::join(row.labels, "|"), fmt::join(row.word_ends, " "));
      said += fmt::format("[{}] [{}]\n", fmt::join(row.fields, "|"), row.source);
    });
    said += fmt::format("{}\n", fmt::join(notes, "\n"));
  } catch (const engine::Error& error) {
    said += error.what();
  }
  return said;
}

// A new folder, removed with all that is in it.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ingot-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Writes a file, with the folders above it, and returns its path.
  std::string write(const std::string& name, const std::string& content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

struct Member {
  std::string path;
  std::string content;
  std::string link_to = {};  // a symbolic link if not empty
};

// A tar archive in memory. `filter` is one of libarchive's names: none, gzip, bzip2, xz, zstd, lz4.
inline std::string make_archive(const std::vector<Member>& members, const char* filter) {
  std::string bytes(4096 + 4096 * members.size(), '\0');
  for (const Member& member : members) bytes.resize(bytes.size() + 2 * member.content.size());
  std::size_t used = 0;
  archive* writer = archive_write_new();
  if (std::string_view(filter) != "none") archive_write_add_filter_by_name(writer, filter);
  archive_write_set_format_ustar(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  if (archive_write_open_memory(writer, bytes.data(), bytes.size(), &used) != ARCHIVE_OK) {
    throw std::runtime_error(archive_error_string(writer));
  }
  for (const Member& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.path.c_str());
    archive_entry_set_filetype(entry, member.link_to.empty() ? AE_IFREG : AE_IFLNK);
    if (!member.link_to.empty()) archive_entry_set_symlink(entry, member.link_to.c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    archive_write_header(writer, entry);
    archive_write_data(writer, member.content.data(), member.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

// One stream of gzip.
inline std::string gzipped(const std::string& content) {
  std::string bytes(4096 + content.size(), '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_add_filter_gzip(writer);
  archive_write_set_format_raw(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  if (archive_write_open_memory(writer, bytes.data(), bytes.size(), &used) != ARCHIVE_OK)
    throw std::runtime_error(archive_error_string(writer));
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(writer, entry);
  archive_write_data(writer, content.data(), content.size());
  archive_entry_free(entry);
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

// The real `name` in $INGOT_DATA or in ../shared/data beside the repository; empty when it is in neither.
inline std::filesystem::path real_data(const std::string& name) {
  const char* folder = std::getenv("INGOT_DATA");
  const std::filesystem::path repository = std::filesystem::path(INGOT_GOLDEN) / ".." / "..";
  for (const std::filesystem::path& base :
       {std::filesystem::path(folder == nullptr ? "" : folder), repository / ".." / "shared" / "data"}) {
    if (!base.empty() && std::filesystem::exists(base / name)) return base / name;
  }
  return {};
}

}  // namespace ingot::data
