// The table by which a SentencePiece model normalises texts: what is replaced, and by what.
#pragma once

#include <optional>
#include <string_view>

namespace ingot::bert {

// Throws Error, beginning with `subject`, for a table that points outside of itself. An empty one replaces nothing.
void check_normalization_table(std::string_view table, std::string_view subject);

// What stands for a text of which no part is replaced by itself before, such as one character; nothing: it stays as it
// is. The table must have been checked.
std::optional<std::string_view> replacement(std::string_view table, std::string_view text);

}  // namespace ingot::bert
