#include <algorithm>

#include "data/table.h"
#include "engine/base/error.h"

namespace ingot::data {

std::string_view take_line(std::string_view& rest) {
  const std::size_t length = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, length);
  rest.remove_prefix(length);
  if (!rest.empty()) rest.remove_prefix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

Layout look_at_lines(std::string_view, const std::string&, Labels, const ReadingOptions&) { return {}; }

std::vector<std::string> parse_lines(TextReader& text, const std::string&, const Layout&, const TakeRow& take) {
  text.rewind();
  std::string_view row;
  for (std::size_t line = 1; text.next_line(row); ++line) take({.text = std::string(row), .line = line});
  return {};
}

void BlankLines::skip(std::size_t line) {
  if (n_pending_++ == 0) first_pending_ = line;
}

void BlankLines::end_row() {
  if (n_ == 0) first_ = first_pending_;
  n_ += n_pending_;
  n_pending_ = 0;
}

std::vector<std::string> BlankLines::notes(const std::string& file) const {
  if (n_ == 0) return {};
  if (n_ == 1) return {fmt::format("{}: blank line {} is skipped", file, first_)};
  return {fmt::format("{}: {} blank lines are skipped, the first is line {}", file, n_, first_)};
}

}  // namespace ingot::data
