// TOML that users wrote, as JSON: one kind of data for what reads either.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace ingot::compress {

// Throws Error naming `subject`, the line and the rule if the text is not TOML.
nlohmann::json toml_as_json(const std::string& text, const std::string& subject);

}  // namespace ingot::compress
