// UTF-8 (Unicode 15, table 3-7: no overlong forms, surrogates or values above U+10FFFF): checking, and walking over it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ingot::engine {

// Bytes of the well-formed sequence at the start of `text`, which must not be empty; 0 if there is none.
std::size_t utf8_sequence_length(std::string_view text);

// Offset of the first byte that is not part of well-formed UTF-8, npos when all of the text is well formed.
std::size_t find_invalid_utf8(std::string_view text);

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

// Throws Error naming the offset and the byte, after `prefix` ("vocab.txt:"), unless the text is well-formed UTF-8.
void require_utf8(std::string_view text, std::string_view prefix);

// The same for the bytes of a whole file; the message names the line too.
void require_utf8_file(std::string_view bytes, const std::string& file);

// The bytes without the byte order mark that some editors put first.
std::string_view without_bom(std::string_view bytes);

}  // namespace ingot::engine
