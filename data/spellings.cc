#include "data/spellings.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ingot::data {
namespace {

template <class Number>
std::optional<Number> parsed(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool has_digits(std::string_view text) { return text.find_first_of("0123456789") != text.npos; }

std::optional<double> as_c_number(std::string_view text) {
  return has_digits(text) ? parsed<double>(text) : std::nullopt;
}

// Characters of Unicode that stand for these of ASCII in numbers.
struct Mark {
  std::string_view unicode;
  char ascii;
};
constexpr std::array kMarks{
    Mark{"\u2212", '-'}, Mark{"\u00a0", ' '}, Mark{"\u202f", ' '}, Mark{"\u2009", ' '}, Mark{"\u2019", '\''},
};

std::string with_ascii_marks(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const auto* mark =
        std::find_if(kMarks.begin(), kMarks.end(), [&](const Mark& m) { return text.starts_with(m.unicode); });
    plain += mark == kMarks.end() ? text.front() : mark->ascii;
    text.remove_prefix(mark == kMarks.end() ? 1 : mark->unicode.size());
  }
  return plain;
}

// A number without a sign: digits in groups of three, or all in one, and perhaps a fraction behind `point`.
std::optional<double> grouped(std::string_view text, char group, char point) {
  const std::size_t at = std::min(text.find(point), text.size());
  std::string_view rest = text.substr(0, at);
  std::string digits;
  for (bool first = true, last = false; !last; first = false) {
    const std::size_t end = rest.find(group);
    last = end == rest.npos;
    const std::string_view part = rest.substr(0, end);
    const bool is_group = first ? !part.empty() && part.size() <= 3 && part[0] != '0' : part.size() == 3;
    if (!is_group && !(first && last)) return std::nullopt;
    digits += part;
    rest.remove_prefix(last ? rest.size() : end + 1);
  }
  if (at < text.size()) digits.append(".").append(text.substr(at + 1));
  return as_c_number(digits);
}

struct Convention {
  char group, point;
};
constexpr std::array kConventions{Convention{',', '.'}, Convention{'.', ','},  Convention{' ', '.'},
                                  Convention{' ', ','}, Convention{'\'', '.'}, Convention{'\'', ','}};

constexpr std::array<std::string_view, 15> kMissing{
    "nan", "-nan", "na", "#na", "n/a", "#n/a", "<na>", "none", "null", "nil", "nat", "inf", "+inf", "-inf", "infinity",
};

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::optional<std::int64_t> as_integer(std::string_view label) { return parsed<std::int64_t>(label); }

std::optional<double> as_number(std::string_view label) {
  if (!has_digits(label)) return std::nullopt;
  if (const auto value = as_c_number(label)) return value;
  const std::string plain = with_ascii_marks(label);
  std::string_view text = plain;
  double factor = 1;
  if (text.ends_with('%')) {
    text = text.substr(0, text.find_last_not_of(" %") + 1);
    factor = 0.01;
  }
  if (text.starts_with('+') || text.starts_with('-')) {
    factor *= text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  if (text.starts_with('-')) return std::nullopt;
  for (const auto& [group, point] : kConventions) {
    if (const auto value = grouped(text, group, point)) return *value * factor;
  }
  return std::nullopt;
}

std::string as_whole(const std::string& label) {
  if (as_integer(label)) return label;
  const std::optional<double> value = label.ends_with('%') ? std::nullopt : as_number(label);
  if (!value || std::trunc(*value) != *value || std::abs(*value) > 9e15) return label;
  return std::to_string(static_cast<std::int64_t>(*value));
}

bool means_missing(std::string_view label) {
  return std::find(kMissing.begin(), kMissing.end(), lower_case(label)) != kMissing.end();
}

std::optional<Boolean> as_boolean(const std::string& label) {
  if (label.size() > 40) return std::nullopt;
  const std::string word = lower_case(as_whole(label));
  for (std::size_t pair = 0; pair < kBooleans.size(); ++pair) {
    for (const bool value : {false, true}) {
      if (word == kBooleans[pair][value ? 1 : 0]) return Boolean{pair, value};
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> boolean_pair(std::span<const std::string> labels) {
  std::size_t pair = kNumberPair;
  for (const std::string& label : labels) {
    const std::optional<Boolean> boolean = as_boolean(label);
    if (!boolean || (boolean->pair != kNumberPair && pair != kNumberPair && boolean->pair != pair)) return std::nullopt;
    pair = std::max(pair, boolean->pair);
  }
  return pair;
}

}  // namespace ingot::data
