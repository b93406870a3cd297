// JSON as text: reading, which the library does and Builder watches over, and writing.
#include <ostream>
#include <unordered_set>

#include "engine/base/error.h"
#include "engine/io/json_library.h"

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

// Builds the value from what the library reads, and watches over it.
class Builder {
 public:
  Builder(Json& root, const std::string& subject) : root_(root), subject_(subject) {}

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) { return false; }  // JSON has none
  bool start_object(std::size_t) {
    names_.emplace_back();
    return enter(Json::object());
  }
  bool key(std::string& name) {
    require(names_.back().insert(name).second, "{}: name {} appears twice in one JSON object", subject_, name);
    name_ = std::move(name);
    return true;
  }
  bool end_object() {
    names_.pop_back();
    return leave();
  }
  bool start_array(std::size_t) { return enter(Json::array()); }
  bool end_array() { return leave(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
    fail("{}: not valid JSON: {}", subject_, reason(error));
  }

 private:
  // Puts the value where the text says: the root, the end of an array, under the last name of an object.
  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    Json& parent = *open_.back();
    if (parent.is_array()) return parent.emplace_back(std::move(value));
    return parent.members().insert_or_assign(std::move(name_), std::move(value)).first->second;
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool enter(Json value) {
    require(open_.size() < kMaxDepth, "{}: JSON must not nest deeper than {} levels", subject_, kMaxDepth);
    open_.push_back(&place(std::move(value)));
    return true;
  }
  bool leave() {
    open_.pop_back();
    return true;
  }

  Json& root_;
  const std::string& subject_;
  std::vector<Json*> open_;                             // an array does not grow while a value inside it is open
  std::vector<std::unordered_set<std::string>> names_;  // of the objects that are open
  std::string name_;
};

}  // namespace

nlohmann::json detail::to_library(const Json& value) {
  switch (value.type()) {
    case Json::Type::null:
      return nullptr;
    case Json::Type::boolean:
      return value.get<bool>();
    case Json::Type::integer:
      return value.get<std::int64_t>();
    case Json::Type::unsigned_integer:
      return value.get<std::uint64_t>();
    case Json::Type::real:
      return value.get<double>();
    case Json::Type::string:
      return value.text();
    case Json::Type::array: {
      nlohmann::json array = nlohmann::json::array();
      for (const Json& element : value.elements()) array.push_back(to_library(element));
      return array;
    }
    case Json::Type::object: {
      nlohmann::json object = nlohmann::json::object();
      for (const auto& [name, member] : value.members()) object.emplace(name, to_library(member));
      return object;
    }
  }
  return nullptr;
}

Json Json::parse(std::string_view text) {
  try {
    return parse_json(text, "JSON");
  } catch (const Error& error) {
    throw JsonError(error.what());
  }
}

std::string Json::dump(const Style& style) const {
  using Handler = nlohmann::json::error_handler_t;
  try {
    return detail::to_library(*this).dump(style.indent, ' ', style.ascii,
                                          style.mended ? Handler::replace : Handler::strict);
  } catch (const nlohmann::json::exception& error) {
    throw JsonError(reason(error));
  }
}

std::ostream& operator<<(std::ostream& out, const Json& value) { return out << value.dump({.mended = true}); }

Json parse_json(std::string_view text, const std::string& subject) {
  // The library would take a zero byte for the end and leave the rest unread.
  require(text.find('\0') == text.npos, "{}: not valid JSON: holds a zero byte", subject);
  Json value;
  Builder builder(value, subject);
  nlohmann::json::sax_parse(text, &builder);
  return value;
}

Json parse_json_or_null(std::string_view text) {
  try {
    return parse_json(text, "");
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace ingot::engine
