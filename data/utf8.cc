#include "data/utf8.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/utf8.h"

namespace ingot::data {

void require_utf8(std::string_view bytes, const std::string& file) {
  const std::size_t at = engine::find_invalid_utf8(bytes);
  if (at == std::string_view::npos) return;
  const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  engine::fail("{}: line {}: must be UTF-8, got byte 0x{:02x} at byte offset {} of the file", file, line,
               static_cast<unsigned char>(bytes[at]), at);
}

std::string_view without_bom(std::string_view bytes) {
  return bytes.substr(bytes.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0);
}

std::string excerpt(std::string_view text) { return engine::printable(text, 40); }

}  // namespace ingot::data
