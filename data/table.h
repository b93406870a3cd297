// Parsers of texts with labels. Each takes the bytes of one file, checked to be UTF-8, and the name for messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::data {

// What happens to labels: a row without one is an Error, or labels are not looked at.
enum class Labels { required, ignored };

struct Row {
  std::string text;
  std::string label;     // as written; an integer of JSON in decimal; empty when labels are ignored
  std::size_t line = 0;  // where the row begins, from 1
};

// Rows of a table whose first line names its columns, one of them `text` and, where labels are required, `label`; other
// columns are ignored. RFC 4180 with either separator: a field in quotes may hold separators, line ends and doubled
// quotes; quotes inside a field that does not begin with one are ordinary characters. Lines end with LF or CRLF. A row
// must have as many fields as the header. Throws Error naming file and line.
std::vector<Row> parse_csv(std::string_view bytes, const std::string& file, Labels labels);
std::vector<Row> parse_tsv(std::string_view bytes, const std::string& file, Labels labels);

// One JSON object a line, with a string `text` and, where labels are required, a string or integer `label`. Other keys
// are ignored, repeated ones are an Error. Throws Error naming file and line.
std::vector<Row> parse_jsonl(std::string_view bytes, const std::string& file, Labels labels);

// One text a line, empty lines included: row i is line i + 1. Lines end with LF or CRLF. Labels must be ignored.
std::vector<Row> parse_lines(std::string_view bytes, const std::string& file, Labels labels);

// Takes the next line, without its LF or CRLF, off the front of `rest`, which must not be empty.
std::string_view take_line(std::string_view& rest);

}  // namespace ingot::data
