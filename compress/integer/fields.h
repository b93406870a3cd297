// Reads a JSON object that others wrote, member by member. Every Error names the place, the rule and the value. end()
// reports members that no one asked for.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::compress {

class Fields {
 public:
  Fields(const engine::Json& object, std::string where) : object_(object), where_(std::move(where)) {
    engine::require(object.is_object(), "{}: must be an object, got {}", where_, engine::shown(object));
  }

  bool has(const std::string& name) const { return object_.contains(name); }
  std::string place(const std::string& name) const { return where_ + ": " + name; }

  const engine::Json& value(const std::string& name) {
    engine::require(has(name), "{} is missing", place(name));
    asked_.insert(name);
    return object_[name];
  }

  std::string text(const std::string& name) {
    const engine::Json& v = value(name);
    engine::require(v.is_string(), "{} must be a text, got {}", place(name), engine::shown(v));
    return v.get<std::string>();
  }
  std::string text_or(const std::string& name, const std::string& otherwise) {
    return has(name) ? text(name) : otherwise;
  }

  std::int64_t integer(const std::string& name, std::int64_t lowest, std::int64_t highest) {
    return integer_in(place(name), value(name), lowest, highest);
  }
  std::int64_t integer_or(const std::string& name, std::int64_t lowest, std::int64_t highest, std::int64_t otherwise) {
    return has(name) ? integer(name, lowest, highest) : otherwise;
  }

  // An array of `size` integers, each between `lowest` and `highest`.
  template <class T>
  std::vector<T> integers(const std::string& name, std::int64_t size, std::int64_t lowest, std::int64_t highest) {
    const engine::Json& v = array(name);
    engine::require(static_cast<std::int64_t>(v.size()) == size, "{} must have {} numbers, got {}", place(name), size,
                    v.size());
    std::vector<T> numbers;
    for (const engine::Json& item : v)
      numbers.push_back(static_cast<T>(integer_in(place(name), item, lowest, highest)));
    return numbers;
  }

  const engine::Json& array(const std::string& name) {
    const engine::Json& v = value(name);
    engine::require(v.is_array(), "{} must be an array, got {}", place(name), engine::shown(v));
    return v;
  }

  // Throws Error if the object has a member that was not asked for.
  void end() const {
    for (const auto& [name, ignored] : object_.items())
      engine::require(asked_.contains(name), "{}: unknown name '{}'", where_, name);
  }

 private:
  static std::int64_t integer_in(const std::string& where, const engine::Json& v, std::int64_t lowest,
                                 std::int64_t highest) {
    const bool beyond = v.is_number_unsigned() && v.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max();
    const bool ok =
        v.is_number_integer() && !beyond && v.get<std::int64_t>() >= lowest && v.get<std::int64_t>() <= highest;
    engine::require(ok, "{} must be an integer between {} and {}, got {}", where, lowest, highest, engine::shown(v));
    return v.get<std::int64_t>();
  }

  const engine::Json& object_;
  std::string where_;
  std::set<std::string> asked_;
};

}  // namespace ingot::compress
