// How labels spell what is no name: numbers, booleans and what is missing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ingot::data {

// The text with a to z in place of A to Z.
std::string lower_case(std::string_view text);

// The value of digits with or without a minus in front; nothing for any other text.
std::optional<std::int64_t> as_integer(std::string_view label);

// The value of a number; nothing for any other text. Numbers are written as in C, or with a leading plus, a decimal
// comma, groups of three digits (1,234.5 or 1.234,5 or 1 234,5) or a percent sign. A comma before three digits is a
// group, unless a zero begins the number: 1,234 is whole, 0,125 is not. The words inf and nan are no numbers.
std::optional<double> as_number(std::string_view label);

// "1" for 1.0, 1,0, 1e0 and +1; everything else, percentages too, as it is written.
std::string as_whole(const std::string& label);

// NaN, NA, N/A, None, null and the like, as programs write them for what is not there.
bool means_missing(std::string_view label);

// Words for false and true. The first pair is their numbers, which go with the words of each other.
inline constexpr std::array<std::array<std::string_view, 2>, 6> kBooleans{
    {{"0", "1"}, {"false", "true"}, {"no", "yes"}, {"off", "on"}, {"n", "y"}, {"f", "t"}}};
inline constexpr std::size_t kNumberPair = 0, kTruthPair = 1;

struct Boolean {
  std::size_t pair;  // of kBooleans
  bool value;
};

// In any case; also 0.0 and 1.0.
std::optional<Boolean> as_boolean(const std::string& label);

// The pair of which all `labels` are, apart from 0 and 1; nothing if some are no booleans, or words of two pairs.
std::optional<std::size_t> boolean_pair(std::span<const std::string> labels);

}  // namespace ingot::data
