#include "engine/base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "engine/base/error.h"

namespace ingot::engine {

std::size_t utf8_sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead <= 0xDF ? 2 : lead <= 0xEF ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xED && byte(1) > 0x9F;
  const bool too_large = lead == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t eight = 0;
    if (at + sizeof eight <= text.size()) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {  // eight ASCII characters: most of every text
        at += sizeof eight;
        continue;
      }
    }
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

void append_utf8(std::string& text, char32_t code) {
  const auto push = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    push(code);
    return;
  }
  if (code < 0x800) {
    push(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      push(0xE0 | code >> 12);
    } else {
      push(0xF0 | code >> 18);
      push(0x80 | (code >> 12 & 0x3F));
    }
    push(0x80 | (code >> 6 & 0x3F));
  }
  push(0x80 | (code & 0x3F));
}

void require_utf8(std::string_view text, std::string_view prefix) {
  const std::size_t at = find_invalid_utf8(text);
  if (at == std::string_view::npos) return;
  fail("{} must be UTF-8, got byte {:#04x} at offset {}", prefix, static_cast<unsigned char>(text[at]), at);
}

void require_utf8_file(std::string_view bytes, const std::string& file) {
  const std::size_t at = find_invalid_utf8(bytes);
  if (at == std::string_view::npos) return;
  const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  fail("{}: line {}: must be UTF-8, got byte 0x{:02x} at byte offset {} of the file", file, line,
       static_cast<unsigned char>(bytes[at]), at);
}

std::string_view without_bom(std::string_view bytes) {
  return bytes.substr(bytes.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0);
}

}  // namespace ingot::engine
