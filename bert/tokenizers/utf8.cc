#include "bert/tokenizers/utf8.h"

#include <cstdint>
#include <cstring>

#include "engine/base/error.h"

namespace ingot::bert {
namespace {

// Length of the well-formed sequence at the start of `bytes`, 0 if there is none.
std::size_t sequence_length(const unsigned char* bytes, std::size_t n_bytes) {
  const unsigned char lead = bytes[0];
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || length > n_bytes) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((bytes[i] & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && bytes[1] < 0xA0) || (lead == 0xF0 && bytes[1] < 0x90);
  const bool surrogate = lead == 0xED && bytes[1] > 0x9F;
  const bool too_large = lead == 0xF4 && bytes[1] > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t i = 0;
  while (i < text.size()) {
    std::uint64_t eight = 0;
    if (i + sizeof eight <= text.size()) {
      std::memcpy(&eight, bytes + i, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    const std::size_t length = sequence_length(bytes + i, text.size() - i);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

void require_utf8(std::string_view text, std::string_view prefix) {
  const std::size_t at = find_invalid_utf8(text);
  if (at == std::string_view::npos) return;
  engine::fail("{} must be UTF-8, got byte {:#04x} at offset {}", prefix, static_cast<unsigned char>(text[at]), at);
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

}  // namespace ingot::bert
