#include "engine/io/json.h"

#include <nlohmann/json.hpp>
#include <set>
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

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& subject) {
  using Event = nlohmann::json::parse_event_t;
  std::vector<std::set<std::string>> names;  // of the objects that are open
  const auto watch = [&](int depth, Event event, nlohmann::json& parsed) {
    if (event == Event::object_start || event == Event::array_start)
      require(depth < kMaxDepth, "{}: JSON must not nest deeper than {} levels", subject, kMaxDepth);
    if (event == Event::object_start) names.emplace_back();
    if (event == Event::object_end) names.pop_back();
    if (event == Event::key)
      require(names.back().insert(parsed.get<std::string>()).second, "{}: name {} appears twice in one JSON object",
              subject, parsed.get<std::string>());
    return true;
  };
  try {
    return nlohmann::json::parse(text, watch);
  } catch (const nlohmann::json::exception& error) {
    fail("{}: not valid JSON: {}", subject, reason(error));
  }
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
