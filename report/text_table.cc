#include "report/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/base/printable.h"

namespace ingot::report {

namespace {

// Columns that have a cell in some row.
std::vector<std::size_t> used_columns(const TextTable& table) {
  std::vector<std::size_t> used;
  for (std::size_t c = 0; c < table.headers.size(); ++c) {
    const auto filled = [c](const std::vector<std::string>& row) { return !row[c].empty(); };
    if (std::any_of(table.rows.begin(), table.rows.end(), filled)) used.push_back(c);
  }
  return used;
}

// Cells hold names and labels that strangers chose.
std::vector<std::vector<std::string>> printable_cells(std::vector<std::vector<std::string>> rows) {
  for (auto& row : rows) {
    for (std::string& cell : row) cell = engine::printable(cell);
  }
  return rows;
}

}  // namespace

std::string TextTable::aligned() const {
  std::string text;
  const std::vector<std::size_t> columns = used_columns(*this);
  const auto rows = printable_cells(this->rows);
  std::map<std::size_t, std::size_t> widths;
  for (const std::size_t c : columns) {
    widths[c] = headers[c].size();
    for (const auto& row : rows) widths[c] = std::max(widths[c], row[c].size());
  }
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (const std::size_t c : columns) {
      line += c < n_left ? fmt::format("{:<{}}  ", row[c], widths[c]) : fmt::format("{:>{}}  ", row[c], widths[c]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  add(headers);
  for (const auto& row : rows) add(row);
  return text;
}

std::string TextTable::markdown() const {
  const std::vector<std::size_t> columns = used_columns(*this);
  const auto rows = printable_cells(this->rows);
  std::string text = "|", rule = "|";
  for (const std::size_t c : columns) {
    text += " " + headers[c] + " |";
    rule += c < n_left ? "---|" : "--:|";
  }
  text += "\n" + rule + "\n";
  for (const auto& row : rows) {
    text += "|";
    for (const std::size_t c : columns) text += " " + row[c] + " |";
    text += "\n";
  }
  return text;
}

}  // namespace ingot::report
