#include "data/table_writer.h"

#include <algorithm>
#include <set>

#include "data/readers.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"

namespace ingot::data {
namespace {

using engine::fail;
using engine::require;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string json_string(std::string_view text) { return engine::Json(text).dump(); }

// A JSON value on one line: in a valid one line ends stand only between its parts.
std::string on_one_line(std::string json) {
  std::replace_if(
      json.begin(), json.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return json;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TableKind table_kind(const std::filesystem::path& file, const std::string& subject) {
  const std::string extension = lower_extension(file);
  if (extension == ".csv") return TableKind::csv;
  if (extension == ".tsv") return TableKind::tsv;
  if (extension == ".jsonl" || extension == ".ndjson") return TableKind::jsonl;
  fail("{}: must end with .csv, .tsv or .jsonl, got '{}'", subject, file.string());
}

std::vector<std::string> free_names(const std::vector<std::string>& taken, const std::vector<std::string>& wanted) {
  std::set<std::string> all(taken.begin(), taken.end());
  std::vector<std::string> names;
  for (const std::string& name : wanted) {
    const std::string base = name.ends_with("_predicted") ? name : name + "_predicted";
    std::string free = name;
    if (all.contains(free)) free = base;
    for (int i = 2; all.contains(free); ++i) free = fmt::format("{}_{}", base, i);
    all.insert(free);
    names.push_back(free);
  }
  return names;
}

TableWriter::TableWriter(TableKind kind, std::string file, std::vector<std::string> names,
                         std::vector<std::string> added)
    : kind_(kind),
      separator_(kind == TableKind::tsv ? '\t' : ','),
      file_(std::move(file)),
      names_(std::move(names)),
      added_(std::move(added)) {
  if (kind_ != TableKind::jsonl) return;
  std::set<std::string> once;
  for (const std::string& name : names_)
    require(once.insert(name).second, "{}: two columns are named {}; an object of JSON has a name once", file_, name);
}

// Names that hold any separator are in quotes, so that no other separator makes sense of the header.
std::string TableWriter::quoted(std::string_view text, bool is_name) const {
  const bool plain = text.find_first_of(is_name ? ",;|\t\"\r\n" : "\"\r\n") == text.npos &&
                     text.find(separator_) == text.npos && !text.starts_with(kByteOrderMark);
  if (plain) return std::string(text);
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field + '"';
}

std::string TableWriter::header() const {
  if (kind_ == TableKind::jsonl) return {};
  std::string line;
  for (const std::vector<std::string>* names : {&names_, &added_}) {
    for (const std::string& name : *names) line += quoted(name, true) + separator_;
  }
  line.back() = '\n';
  check_lines(line, 1);
  return line;
}

std::string TableWriter::line(const TableRow& row, std::span<const Field> added) const {
  return kind_ == TableKind::jsonl ? json_line(row, added) : delimited_line(row, added);
}

std::string TableWriter::json_line(const TableRow& row, std::span<const Field> added) const {
  const std::vector<std::string>& names = row.names.empty() ? names_ : row.names;
  std::string line = "{";
  const auto add = [&](const std::string& name, const Field& field) {
    if (line.size() > 1) line += ", ";
    line += json_string(name) + ": ";
    line += field.is_json ? on_one_line(field.text) : json_string(field.text);
  };
  for (std::size_t i = 0; i < names.size(); ++i) {
    require(row.names.empty() || !contains(added_, names[i]),
            "{}: line {}: has the key {}, under which predictions are written, as the first row has it not", file_,
            row.line, names[i]);
    add(names[i], row.fields[i]);
  }
  for (std::size_t i = 0; i < added.size(); ++i) add(added_[i], added[i]);
  return line + "}\n";
}

// The fields of the table's columns; null where the row has none.
std::vector<const Field*> TableWriter::in_columns(const TableRow& row) const {
  std::vector<const Field*> fields(names_.size(), nullptr);
  for (std::size_t i = 0; i < row.fields.size(); ++i) {
    std::size_t column = i;
    if (!row.names.empty() && (i >= names_.size() || names_[i] != row.names[i])) {
      column = static_cast<std::size_t>(std::find(names_.begin(), names_.end(), row.names[i]) - names_.begin());
      require(column < names_.size(),
              "{}: line {}: has the key {}, which the first row has not: rows that differ can be written as .jsonl",
              file_, row.line, row.names[i]);
    }
    fields[column] = &row.fields[i];
  }
  return fields;
}

std::string TableWriter::delimited_line(const TableRow& row, std::span<const Field> added) const {
  std::string line;
  const auto add = [&](const Field* field) {
    if (field != nullptr && !(field->is_json && field->text == "null"))
      line += quoted(field->is_json ? on_one_line(field->text) : field->text, false);
    line += separator_;
  };
  for (const Field* field : in_columns(row)) add(field);
  for (const Field& field : added) add(&field);
  line.pop_back();
  // Of one column: no blank line, which readers pass over.
  if (line.find_first_not_of(" \t") == line.npos && names_.size() + added_.size() == 1) line = '"' + line + '"';
  line += '\n';
  check_lines(line, row.line);
  return line;
}

// A file with tabs is read line by line if every line could be a row, whatever its quotes say; otherwise a line inside
// that could be one is taken for the sign of a missing quote (delimited.cc).
void TableWriter::check_lines(std::string_view line, std::size_t row_line) const {
  if (kind_ != TableKind::tsv || std::count(line.begin(), line.end(), '\n') == 1) return;
  const auto n_tabs = static_cast<std::ptrdiff_t>(names_.size() + added_.size()) - 1;
  bool first_is_row = false;
  for (bool is_first = true; !line.empty(); is_first = false) {
    const std::string_view part = take_line(line);
    const bool is_row = std::count(part.begin(), part.end(), '\t') == n_tabs;
    if (is_first) first_is_row = is_row;
    const bool is_last = line.empty();
    require(is_first || !is_row || (is_last && !first_is_row),
            "{}: line {}: holds a line that would be a row of its own in a .tsv file; write .csv or .jsonl", file_,
            row_line);
  }
}

}  // namespace ingot::data
