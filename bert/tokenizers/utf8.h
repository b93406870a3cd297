// UTF-8 of vocabularies and texts.
#pragma once

#include <string_view>

#include "engine/base/utf8.h"

namespace ingot::bert {

using engine::append_utf8, engine::find_invalid_utf8, engine::next_code_point;

// Throws Error naming the offset and the byte, after `prefix` ("vocab.txt:"), unless the text is well-formed UTF-8.
void require_utf8(std::string_view text, std::string_view prefix);

}  // namespace ingot::bert
