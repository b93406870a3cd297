#include "bert/tokenizers/utf8.h"

#include "engine/base/error.h"

namespace ingot::bert {

void require_utf8(std::string_view text, std::string_view prefix) {
  const std::size_t at = find_invalid_utf8(text);
  if (at == std::string_view::npos) return;
  engine::fail("{} must be UTF-8, got byte {:#04x} at offset {}", prefix, static_cast<unsigned char>(text[at]), at);
}

}  // namespace ingot::bert
