// What an earlier run wrote into a file and a later one reads again: a user, or a disk, may have changed it since. Each
// value is checked, and an Error names the file, the member, the rule and what is there.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::engine {

// The value as bool, integer, real number, text, an array of such, or one of these or null (std::optional).
// `subject` begins the message.
template <class T>
T checked(const Json& value, const std::string& subject) {
  if constexpr (std::is_same_v<T, bool>) {
    require(value.is_boolean(), "{}: must be true or false, got {}", subject, shown(value));
    return value.get<bool>();
  } else if constexpr (std::integral<T>) {
    require(value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>()), "{}: must be an integer, got {}",
            subject, shown(value));
    return value.get<T>();
  } else if constexpr (std::floating_point<T>) {
    require(value.is_number(), "{}: must be a number, got {}", subject, shown(value));
    return value.get<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    require(value.is_string(), "{}: must be text, got {}", subject, shown(value));
    return value.get<std::string>();
  } else if constexpr (requires(T t) { t.has_value(); }) {
    return value.is_null() ? T() : T(checked<typename T::value_type>(value, subject));
  } else {
    require(value.is_array(), "{}: must be an array, got {}", subject, shown(value));
    T values;
    for (std::size_t i = 0; i < value.size(); ++i)
      values.push_back(checked<typename T::value_type>(value.at(i), subject + "[" + std::to_string(i) + "]"));
    return values;
  }
}

// An object of such a file. It keeps a reference to the value.
class Saved {
 public:
  Saved(const Json& value, std::string subject) : value_(value), subject_(std::move(subject)) {
    require(value.is_object(), "{}: must be an object, got {}", subject_, shown(value));
  }

  bool has(const std::string& name) const { return value_.contains(name); }

  const Json& at(const std::string& name) const {
    require(has(name), "{}: has no {}", subject_, name);
    return value_.at(name);
  }

  template <class T>
  T get(const std::string& name) const {
    return checked<T>(at(name), place(name));
  }

  // None where there is no such member, or null.
  template <class T>
  std::optional<T> find(const std::string& name) const {
    return has(name) ? get<std::optional<T>>(name) : std::nullopt;
  }

  Saved object(const std::string& name) const { return {at(name), place(name)}; }

  // The objects of an array.
  std::vector<Saved> objects(const std::string& name) const {
    const Json& array = at(name);
    require(array.is_array(), "{}: must be an array, got {}", place(name), shown(array));
    std::vector<Saved> all;
    for (std::size_t i = 0; i < array.size(); ++i)
      all.emplace_back(array.at(i), place(name) + "[" + std::to_string(i) + "]");
    return all;
  }

  const Json& json() const { return value_; }
  const std::string& subject() const { return subject_; }

 private:
  std::string place(const std::string& name) const { return subject_ + ": " + name; }

  const Json& value_;
  std::string subject_;
};

}  // namespace ingot::engine
