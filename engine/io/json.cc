#include "engine/io/json.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

#include "engine/base/error.h"

namespace ingot::engine {
namespace {

constexpr int kMaxDepth = 64;

// "[json.exception.parse_error.101] parse error at line 1, column 2: RULE; last read: 'TEXT'" without the code and
// without TEXT, which may be most of the file.
std::string reason(const nlohmann::json::exception& error) {
  std::string text = error.what();
  if (const auto code = text.find("] "); code != std::string::npos) text.erase(0, code + 2);
  if (const auto last = text.find("; last read"); last != std::string::npos) text.erase(last);
  if (text.starts_with("number overflow")) return "number beyond the range of double precision";
  return text;
}

// Builds the value and watches over it. The library's own way, a callback, looks through all earlier members of the
// parent after each object: quadratic in their number.
class Builder : public nlohmann::detail::json_sax_dom_parser<nlohmann::json> {
 public:
  Builder(nlohmann::json& value, const std::string& subject) : json_sax_dom_parser(value), subject_(subject) {}

  bool start_object(std::size_t size) {
    names_.emplace_back();
    return enter() && json_sax_dom_parser::start_object(size);
  }
  bool end_object() {
    names_.pop_back();
    --depth_;
    return json_sax_dom_parser::end_object();
  }
  bool start_array(std::size_t size) { return enter() && json_sax_dom_parser::start_array(size); }
  bool end_array() {
    --depth_;
    return json_sax_dom_parser::end_array();
  }
  bool key(std::string& name) {
    require(names_.back().insert(name).second, "{}: name {} appears twice in one JSON object", subject_, name);
    return json_sax_dom_parser::key(name);
  }

 private:
  bool enter() {
    require(depth_++ < kMaxDepth, "{}: JSON must not nest deeper than {} levels", subject_, kMaxDepth);
    return true;
  }

  const std::string& subject_;
  std::vector<std::unordered_set<std::string>> names_;  // of the objects that are open
  int depth_ = 0;
};

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& subject) {
  // The library would take a zero byte for the end and leave the rest unread.
  require(text.find('\0') == text.npos, "{}: not valid JSON: holds a zero byte", subject);
  nlohmann::json value;
  Builder builder(value, subject);
  try {
    nlohmann::json::sax_parse(text, &builder);
  } catch (const nlohmann::json::exception& error) {
    fail("{}: not valid JSON: {}", subject, reason(error));
  }
  return value;
}

nlohmann::json parse_json_or_null(std::string_view text) {
  try {
    return parse_json(text, "");
  } catch (const Error&) {
    return nullptr;
  }
}

std::string shown(const nlohmann::json& value) {
  if (value.is_array()) return "an array";
  if (value.is_object()) return "an object";
  return value.dump();
}

}  // namespace ingot::engine
