#include <algorithm>
#include <cassert>

#include "data/table.h"

namespace ingot::data {

std::string_view take_line(std::string_view& rest) {
  const std::size_t length = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, length);
  rest.remove_prefix(length);
  if (rest.empty()) return line;
  rest.remove_prefix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::vector<Row> parse_lines(std::string_view bytes, const std::string&, Labels labels) {
  assert(labels == Labels::ignored);
  static_cast<void>(labels);
  std::vector<Row> rows;
  while (!bytes.empty()) {
    const std::string_view line = take_line(bytes);
    rows.push_back({.text = std::string(line), .label = {}, .line = rows.size() + 1});
  }
  return rows;
}

}  // namespace ingot::data
