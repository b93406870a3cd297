#include "compress/toml.h"

#include <toml++/toml.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::compress {

nlohmann::json toml_as_json(const std::string& text, const std::string& subject) {
  try {
    const toml::table table = toml::parse(text);
    std::ostringstream out;
    out << toml::json_formatter{table};
    return engine::parse_json(out.str(), subject);
  } catch (const toml::parse_error& error) {
    engine::fail("{}: line {}: not TOML: {}", subject, error.source().begin.line, std::string(error.description()));
  }
}

}  // namespace ingot::compress
