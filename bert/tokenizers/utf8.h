// UTF-8: checking, and walking over what is checked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ingot::bert {

// Offset of the first byte that is not part of well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, surrogates
// or values above U+10FFFF), npos when all of the text is well formed.
std::size_t find_invalid_utf8(std::string_view text);

// Throws Error naming the offset and the byte, after `prefix` ("vocab.txt:"), unless the text is well-formed UTF-8.
void require_utf8(std::string_view text, std::string_view prefix);

// The code point at `at`, which moves behind it. The text must be well formed.
inline char32_t next_code_point(const char*& at) {
  const auto lead = static_cast<unsigned char>(*at++);
  if (lead < 0x80) return lead;
  const int n_more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  char32_t code = lead & (0x3Fu >> n_more);
  for (int i = 0; i < n_more; ++i) code = code << 6 | (static_cast<unsigned char>(*at++) & 0x3Fu);
  return code;
}

void append_utf8(std::string& text, char32_t code);

}  // namespace ingot::bert
