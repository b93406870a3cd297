// Tables for terminals and Markdown.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ingot::report {

// A table with a line of headers; the first `n_left` columns are flush left, columns without any cell are left out.
struct TextTable {
  std::vector<std::string> headers;
  std::vector<std::vector<std::string>> rows;
  std::size_t n_left = 1;
  std::string title{};  // above it on a page

  std::string aligned() const;
  std::string markdown() const;
};

}  // namespace ingot::report
