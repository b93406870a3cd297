// Parses TOML files into Json, so that one reader serves both formats.
#pragma once

#include <string>
#include <string_view>

#include "engine/io/json.h"

namespace ingot::engine {

// Throws Error naming `subject` (a file), the line and the rule if the text is not TOML, is longer than 16 MiB, or
// nests deeper than JSON may (64 levels), be it by brackets or by dots in a key.
engine::Json parse_toml(std::string_view text, const std::string& subject);

}  // namespace ingot::engine
