// Checks of what a reader was given, and how messages show it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ingot::data {

// Offset of the first byte that starts no well-formed UTF-8 sequence, or npos when all of `text` is well-formed:
// table 3-7 of the Unicode standard, so no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t find_invalid_utf8(std::string_view text);

// Throws Error naming file, line and byte unless all of `bytes` is UTF-8.
void require_utf8(std::string_view bytes, const std::string& file);

// Without the byte order mark that some editors put first.
std::string_view without_bom(std::string_view bytes);

// For messages: at most about 40 bytes of `text`, cut between characters, control characters as \xNN.
std::string excerpt(std::string_view text);

}  // namespace ingot::data
