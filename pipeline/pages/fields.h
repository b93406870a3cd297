// Fields of JSON that anyone may have written: what is missing, or of another type, is null or empty and ends nothing.
#pragma once

#include <fmt/format.h>

#include <string>

#include "engine/io/json.h"

namespace ingot::pipeline {

// The member of an object; null if there is none, or no object.
inline const engine::Json& field(const engine::Json& object, const char* name) {
  static const engine::Json kNull;
  return object.is_object() && object.contains(name) ? object[name] : kNull;
}

inline std::string text_of(const engine::Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

// A number as fmt's `format` writes it.
inline std::string number_of(const engine::Json& value, const char* format) {
  return value.is_number() ? fmt::format(fmt::runtime(format), value.get<double>()) : std::string();
}

}  // namespace ingot::pipeline
