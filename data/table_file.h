// Tables with all of their columns, for what is written beside them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/table.h"

namespace ingot::data {

// A value in a table.
struct Field {
  std::string text;
  bool is_json = false;  // `text` is a JSON value that is no string: a number, true, null, a list
};

struct TableRow {
  std::string text, second;              // valid UTF-8; `second` of a pair
  std::vector<std::uint32_t> word_ends;  // of a text that was a list of words: where each ends
  std::size_t line = 0;
  std::vector<std::string> names;  // of the fields, where each row has its own (JSON); else empty: the table's
  std::vector<Field> fields;
};

enum class TableKind { csv, tsv, jsonl };

class TableFile {
 public:
  // A .csv, .tsv, .json, .jsonl, .ndjson or .txt file (a line is a row with the column text), each also .gz. Looks at
  // its start. Throws Error naming it for another file, and as the readers do if its columns do not tell.
  TableFile(std::filesystem::path file, ReadingOptions options);

  const std::filesystem::path& path() const { return file_; }
  TableKind kind() const { return kind_; }  // in which the same table would be written; of .txt csv
  bool has_pairs() const { return layout_.columns.second.has_value(); }
  std::vector<std::string> notes() const;  // which columns are read

  // Of the columns in their order; of JSON those of the first row.
  const std::vector<std::string>& names() const { return names_; }

  // Gives all rows in their order, and returns what should be known about them. Holds no more than a row of the file
  // (source.h). Throws Error naming file, line and rule, and Failure if memory does not suffice.
  std::vector<std::string> read(const std::function<void(TableRow&& row)>& take) const;

 private:
  TableRow row_of(Row&& row) const;

  std::filesystem::path file_;
  ReadingOptions options_;
  const FileFormat* format_;
  TableKind kind_;
  Layout layout_;
  std::vector<std::string> names_;
};

}  // namespace ingot::data
