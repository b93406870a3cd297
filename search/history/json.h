// JSON as Python writes it: with NaN, Infinity and -Infinity among the numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/io/json.h"
#include "search/history/distribution.h"

namespace ingot::search {

// The value that `text` is, by the rules of engine::parse_json. Numbers that are not finite become the strings "NaN",
// "Infinity" and "-Infinity". Throws Error naming `subject` if it is not JSON.
engine::Json parse_python_json(std::string_view text, const std::string& subject);

// A number as Python writes it: the shortest text that reads back as the same number, or NaN, Infinity, -Infinity.
std::string number_text(double value);

// The number in a parsed value, a text for one that is not finite among them. Throws Error naming `what` for others.
double to_number(const engine::Json& value, const char* what);

engine::Json to_json(const Choice& choice);
Choice to_choice(const engine::Json& value);  // throws Error for arrays and objects

// A value as other programs write it (for lists the item itself, not its index), and back. Nothing if the distribution
// has no such value.
engine::Json written_value(const Distribution& distribution, double value);
std::optional<double> held_value(const Distribution& distribution, const engine::Json& written);

}  // namespace ingot::search
