// Checks of what a reader was given, and how messages show it.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/utf8.h"

namespace ingot::data {

using engine::find_invalid_utf8;

// Throws Error naming file, line and byte unless all of `bytes` is UTF-8.
void require_utf8(std::string_view bytes, const std::string& file);

// Without the byte order mark that some editors put first.
std::string_view without_bom(std::string_view bytes);

// For messages: at most about 40 bytes of `text`, made printable.
std::string excerpt(std::string_view text);

}  // namespace ingot::data
