// JSON that others wrote: checked whole before anything is taken from it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace ingot::engine {

// The value that `text` is. Throws Error naming `subject` (a file), the place and the rule if the text is not JSON
// (RFC 8259, UTF-8), says a name twice in one object, or nests deeper than 64 levels.
nlohmann::json parse_json(std::string_view text, const std::string& subject);

// The same for files of our own, which may be absent in parts: null where parse_json would throw.
nlohmann::json parse_json_or_null(std::string_view text);

// A value as a message shows it: scalars as JSON, "an array" or "an object" otherwise.
std::string shown(const nlohmann::json& value);

}  // namespace ingot::engine
