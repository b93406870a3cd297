#include "compress/formats/reader.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/named.h"

namespace ingot::compress {
namespace {

using engine::require;
using Type = ParameterRule::Type;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// At the commas that stand in no brackets.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) depth += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return parts;
}

bool read_number(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

}  // namespace

BlockSize read_block(std::string_view argument, std::string_view text) {
  BlockSize block;
  const bool bracketed = argument.size() >= 2 && argument.front() == '[' && argument.back() == ']';
  require(bracketed, "{}: block size must be written as in [1,16], got {}", text, argument);
  for (const std::string_view part : split(argument.substr(1, argument.size() - 2))) {
    double size = 0;
    require(block.rank < engine::Shape::kMaxRank, "{}: block size must have at most {} dimensions", text,
            engine::Shape::kMaxRank);
    const bool legal = read_number(part, size) && std::trunc(size) == size && (size == -1 || (size >= 1 && size < 1e9));
    require(legal, "{}: block size must be -1 or between 1 and 999999999 in each dimension, got '{}'", text, part);
    block.sizes[static_cast<std::size_t>(block.rank++)] = static_cast<std::int64_t>(size);
  }
  return block;
}

Format FormatReader::read() {
  read_name();
  given_.assign(format_.kind().rules.size(), false);
  for (const std::string_view argument : arguments_) take(argument);
  set_defaults();
  if (format_.kind().check != nullptr) format_.kind().check(format_);
  return format_;
}

void FormatReader::read_name() {
  const std::string_view text = trimmed(text_);
  const auto open = text.find('(');
  const std::string_view name = trimmed(text.substr(0, open));
  const std::span<const FormatKind* const> kinds = format_kinds();
  format_.kind_ = engine::row_named(kinds, name, "no format '{1}'; the formats are {0}");
  if (open == std::string_view::npos) return;
  require(text.back() == ')', "{}: must end with ')'", text_);
  const std::string_view inside = trimmed(text.substr(open + 1, text.size() - open - 2));
  if (!inside.empty()) arguments_ = split(inside);
}

void FormatReader::take(std::string_view argument) {
  const auto rules = format_.kind().rules;
  for (std::size_t i = n_given_; i < rules.size(); ++i) {
    const ParameterRule& rule = rules[i];
    const std::string_view prefix = rule.prefix;
    double value = 0;
    if (rule.type == Type::block && argument.starts_with("[")) {
      format_.block_ = read_block(argument, text_);
    } else if (rule.type == Type::word) {
      const auto word = std::find(rule.words.begin(), rule.words.end(), argument);
      if (word == rule.words.end()) continue;
      format_.values_[i] = static_cast<double>(word - rule.words.begin());
    } else if (rule.type != Type::block && argument.starts_with(prefix) &&
               read_number(argument.substr(prefix.size()), value)) {
      set_number(i, value);
    } else {
      continue;
    }
    given_[i] = true;
    n_given_ = i + 1;
    return;
  }
  fail_at(argument);
}

void FormatReader::set_number(std::size_t parameter, double value) {
  const ParameterRule& rule = format_.kind().rules[parameter];
  const bool is_integer = rule.type == Type::integer;
  const bool legal = value >= rule.lowest && value <= rule.highest && (!is_integer || std::trunc(value) == value);
  require(legal, "{}: {} must be {}between {} and {}, got {}", text_, rule.name, is_integer ? "an integer " : "",
          rule.lowest, rule.highest, value);
  format_.values_[parameter] = value == 0 ? 0 : value;  // no -0
}

void FormatReader::set_defaults() {
  const auto rules = format_.kind().rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (given_[i] || rules[i].type == Type::word) continue;
    if (rules[i].type == Type::block && *rules[i].default_block != '\0') {
      format_.block_ = read_block(rules[i].default_block, text_);
      continue;
    }
    require(rules[i].default_value != nullptr, "{}: {} is missing; it is written {}", text_,
            rules[i].type == Type::block ? "block size" : rules[i].name, notation(format_.kind()));
    format_.values_[i] = rules[i].default_value(format_);
  }
}

void FormatReader::fail_at(std::string_view argument) const {
  engine::fail("{}: cannot take '{}'; {} is written {}", text_, argument, format_.kind().name,
               notation(format_.kind()));
}

}  // namespace ingot::compress
