// Writes tables that the readers of table.h, and those of other programs, read back.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/table_file.h"

namespace ingot::data {

// By the extension: .csv, .tsv, .jsonl or .ndjson. Throws Error beginning with `subject` for another.
TableKind table_kind(const std::filesystem::path& file, const std::string& subject);

// Names for new columns beside others: `wanted` where they are free, else with "_predicted" behind and, if need be,
// a number.
std::vector<std::string> free_names(const std::vector<std::string>& taken, const std::vector<std::string>& wanted);

// Delimited tables follow RFC 4180, with LF at the ends of lines: fields with a separator, a quote or a line end are in
// quotes, and blank ones of a table with one column. Values that are no strings stand as JSON has them, null as an
// empty field. In JSON lines every row is an object with its names in their order.
class TableWriter {
 public:
  // `file`: the name of the table that rows are from, for messages. `names`: of its columns; `added`: of those behind.
  TableWriter(TableKind kind, std::string file, std::vector<std::string> names, std::vector<std::string> added);

  std::string header() const;  // the line that names the columns; empty for JSON lines

  // The line of a row. Throws Error naming its line if it has a name that is taken or, where all rows have the same
  // columns, no column; and for a table with tabs if a text would be read as rows of its own.
  std::string line(const TableRow& row, std::span<const Field> added) const;

 private:
  std::string json_line(const TableRow& row, std::span<const Field> added) const;
  std::string delimited_line(const TableRow& row, std::span<const Field> added) const;
  std::vector<const Field*> in_columns(const TableRow& row) const;
  std::string quoted(std::string_view text, bool is_name) const;
  void check_lines(std::string_view line, std::size_t row_line) const;

  TableKind kind_;
  char separator_;
  std::string file_;
  std::vector<std::string> names_, added_;
};

}  // namespace ingot::data
