#include "data/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "engine/base/error.h"

namespace ingot::data {
namespace {

// Bytes of the well-formed sequence that begins at `at`, or 0.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const auto continues = [&](std::size_t i) { return at + i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !continues(1)) return 0;
  if (lead < 0xe0) return 2;
  const unsigned second = byte(1);
  if (lead < 0xf0) {
    const bool overlong = lead == 0xe0 && second < 0xa0;
    const bool surrogate = lead == 0xed && second > 0x9f;
    return !overlong && !surrogate && continues(2) ? 3 : 0;
  }
  const bool overlong = lead == 0xf0 && second < 0x90;
  const bool too_large = lead == 0xf4 && second > 0x8f;
  return !overlong && !too_large && continues(2) && continues(3) ? 4 : 0;
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t eight = 0;
    if (at + 8 <= text.size()) {
      std::memcpy(&eight, text.data() + at, 8);
      if ((eight & 0x8080808080808080u) == 0) {  // eight ASCII characters: most of every text
        at += 8;
        continue;
      }
    }
    const std::size_t length = sequence_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

void require_utf8(std::string_view bytes, const std::string& file) {
  const std::size_t at = find_invalid_utf8(bytes);
  if (at == std::string_view::npos) return;
  const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  engine::fail("{}: line {}: must be UTF-8, got byte 0x{:02x} at byte offset {} of the file", file, line,
               static_cast<unsigned char>(bytes[at]), at);
}

std::string_view without_bom(std::string_view bytes) {
  return bytes.substr(bytes.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0);
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kRoom = 40;
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    if (shown.size() >= kRoom) return shown + "...";
    const std::size_t length = sequence_length(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte);
      ++at;
    } else {
      shown += text.substr(at, length);
      at += length;
    }
  }
  return shown;
}

}  // namespace ingot::data
