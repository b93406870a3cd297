#include "engine/base/printable.h"

#include <fmt/format.h>

#include "engine/base/utf8.h"

namespace ingot::engine {
namespace {

bool is_obeyed(char32_t code) {
  const auto within = [code](char32_t first, char32_t last) { return first <= code && code <= last; };
  return within(0x80, 0x9F) || within(0x200B, 0x200F) || within(0x2028, 0x202E) || within(0x2060, 0x206F) ||
         code == 0xFEFF;
}

std::string escaped(unsigned char byte) {
  if (byte == '\t') return "\\t";
  if (byte == '\n') return "\\n";
  if (byte == '\r') return "\\r";
  return fmt::format("\\x{:02x}", byte);
}

}  // namespace

std::string printable(std::string_view text, std::size_t n_bytes) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    if (shown.size() >= n_bytes) return shown + "...";
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      shown += escaped(byte);
      ++at;
      continue;
    }
    const char* next = text.data() + at;
    const char32_t code = next_code_point(next);
    if (is_obeyed(code)) {
      shown += fmt::format("\\u{:04x}", static_cast<unsigned>(code));
    } else {
      shown += text.substr(at, length);
    }
    at += length;
  }
  return shown;
}

std::string printable_lines(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    shown += printable(text.substr(0, end));
    if (end == std::string_view::npos) break;
    shown += '\n';
    text.remove_prefix(end + 1);
  }
  return shown;
}

std::string excerpt(std::string_view text) { return printable(text, 40); }

}  // namespace ingot::engine
