#include "search/history/json.h"

#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::search {
namespace {

constexpr std::string_view kNotFinite[] = {"NaN", "Infinity", "-Infinity"};

// Puts quotes around the tokens that JSON does not have, outside of strings.
std::string quoted(std::string_view text) {
  std::string all;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_string = !in_string;
    if (in_string && text[i] == '\\') all += text[i++];
    std::string_view token;
    if (!in_string) {
      for (const std::string_view word : kNotFinite) token = text.substr(i).starts_with(word) ? word : token;
    }
    if (!token.empty()) {
      all += '"' + std::string(token) + '"';
      i += token.size() - 1;
    } else if (i < text.size()) {
      all += text[i];
    }
  }
  return all;
}

}  // namespace

engine::Json parse_python_json(std::string_view text, const std::string& subject) {
  const bool is_plain = text.find("NaN") == text.npos && text.find("Infinity") == text.npos;
  return is_plain ? engine::parse_json(text, subject) : engine::parse_json(quoted(text), subject);
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return engine::Json(value).dump();
}

double to_number(const engine::Json& value, const char* what) {
  if (value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value == "Infinity") return std::numeric_limits<double>::infinity();
  if (value == "-Infinity") return -std::numeric_limits<double>::infinity();
  engine::require(value.is_number(), "{} must be a number", what);
  return value.get<double>();
}

engine::Json to_json(const Choice& choice) {
  if (std::holds_alternative<std::monostate>(choice)) return nullptr;
  return std::visit(
      [](const auto& value) {
        if constexpr (std::is_same_v<decltype(value), const std::monostate&>) {
          return engine::Json(nullptr);
        } else {
          return engine::Json(value);
        }
      },
      choice);
}

Choice to_choice(const engine::Json& value) {
  if (value.is_null()) return std::monostate();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  engine::require(value.is_string(), "a choice must be null, a boolean, a number or a text");
  return value.get<std::string>();
}

engine::Json written_value(const Distribution& d, double value) {
  if (!d.choices.empty()) return to_json(d.choices[static_cast<std::size_t>(value)]);
  if (d.kind == Distribution::Kind::integer) return static_cast<std::int64_t>(value);
  return value;
}

std::optional<double> held_value(const Distribution& d, const engine::Json& written) {
  if (d.choices.empty()) {
    return written.is_number() ? std::optional(written.get<double>()) : std::nullopt;
  }
  for (std::size_t i = 0; i < d.choices.size(); ++i) {
    if (to_json(d.choices[i]) == written) return static_cast<double>(i);
  }
  return std::nullopt;
}

}  // namespace ingot::search
