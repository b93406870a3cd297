// Tables whose rows have names: finding a row, and saying which there are.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

#include "engine/base/error.h"

namespace ingot::engine {

// The name of a row: the row itself if it is a text, the key in a map, else its member `name`. Rows may be pointers.
template <class Row>
std::string_view name_of(const Row& row) {
  if constexpr (std::is_convertible_v<const Row&, std::string_view>) {
    return row;
  } else if constexpr (std::is_pointer_v<Row>) {
    return row->name;
  } else if constexpr (requires { row.first; }) {
    return row.first;
  } else {
    return row.name;
  }
}

// All names, in the order of the rows.
template <class Rows>
std::string names_of(const Rows& rows, std::string_view between = ", ") {
  std::string names;
  bool is_first = true;
  for (const auto& row : rows) {
    if (!is_first) names += between;
    names += name_of(row);
    is_first = false;
  }
  return names;
}

// The first row of that name. If there is none, throws Error with the sentence, in which {0} stands for all names, as
// names_of joins them, and {1} for the one that was asked for.
template <class Rows>
auto& row_named(Rows& rows, std::string_view name, fmt::format_string<std::string&, std::string_view&> sentence,
                std::string_view between = ", ") {
  const auto found =
      std::find_if(std::begin(rows), std::end(rows), [&](const auto& row) { return name_of(row) == name; });
  if (found == std::end(rows)) {
    std::string names = names_of(rows, between);
    fail(sentence, names, name);
  }
  return *found;
}

}  // namespace ingot::engine
