// Base64 (RFC 4648, section 4), in which JSON and pages carry bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ingot::engine {

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);  // nothing if the text is not base64, padding included

}  // namespace ingot::engine
