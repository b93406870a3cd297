#include "engine/io/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::engine {
namespace {

constexpr std::size_t kMostBytes = 16 << 20;
constexpr int kMostDots = 64;

// toml++ recurses once for every part of a dotted key and does not limit them. So dots outside of strings and comments
// are counted beforehand, up to what ends a key or a value: a line end, a bracket, a comma, an equals sign.
void require_short_keys(std::string_view text, const std::string& subject) {
  int dots = 0;
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size()) - 1;
    } else if (c == '"' || c == '\'') {  // to the end of the string, or of the text: the parser will say what is wrong
      const bool is_long = text.substr(at, 3) == std::string(3, c);
      const std::string end(is_long ? 3 : 1, c);
      for (at += end.size(); at < text.size() && text.substr(at, end.size()) != end; ++at) {
        if (text[at] == '\n') ++line;
        if (text[at] == '\\' && c == '"') ++at;
      }
      at += end.size() - 1;
    } else if (c == '.') {
      require(++dots < kMostDots, "{}: line {}: a TOML key must have at most {} parts", subject, line, kMostDots);
    } else if (std::string_view("\n[]{},=").find(c) != std::string_view::npos) {
      dots = 0;
    }
  }
}

}  // namespace

engine::Json parse_toml(std::string_view text, const std::string& subject) {
  require(text.size() <= kMostBytes, "{}: TOML must have at most {} bytes, got {}", subject, kMostBytes, text.size());
  require_short_keys(text, subject);
  try {
    const toml::table table = toml::parse(text);
    std::ostringstream out;
    out << toml::json_formatter{table};
    return parse_json(out.str(), subject);
  } catch (const toml::parse_error& error) {
    fail("{}: line {}: not TOML: {}", subject, error.source().begin.line, std::string(error.description()));
  }
}

}  // namespace ingot::engine
