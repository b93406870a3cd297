#include "compress/formats/format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "compress/formats/kind.h"
#include "compress/formats/reader.h"
#include "engine/base/error.h"

namespace ingot::compress {

using engine::fail;
using engine::require;

namespace {

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  return text;
}

bool is_required(const ParameterRule& rule) {
  if (rule.type == ParameterRule::Type::block) return *rule.default_block == '\0';
  return rule.type != ParameterRule::Type::word && rule.default_value == nullptr;
}

bool is_default(const Format& format, std::size_t i) {
  const ParameterRule& rule = format.kind().rules[i];
  const double value = i < Format::kMaxParameters ? format[static_cast<int>(i)] : 0;
  if (rule.type == ParameterRule::Type::word) return value == 0;
  if (rule.type == ParameterRule::Type::block) {
    return !is_required(rule) && format.block() == read_block(rule.default_block, rule.default_block);
  }
  return rule.default_value != nullptr && value == rule.default_value(format);
}

std::string argument(const Format& format, std::size_t i) {
  const ParameterRule& rule = format.kind().rules[i];
  if (rule.type == ParameterRule::Type::block) {
    return fmt::format("[{}]", fmt::join(std::span(format.block().sizes).first(format.block().rank), ","));
  }
  if (rule.type == ParameterRule::Type::word) return rule.words[static_cast<std::size_t>(format[static_cast<int>(i)])];
  return fmt::format("{}{}", rule.prefix, format[static_cast<int>(i)]);
}

}  // namespace

std::string_view Format::name() const { return kind_->name; }

double Format::parameter(std::string_view name) const {
  for (std::size_t i = 0; i < kind_->rules.size(); ++i) {
    if (kind_->rules[i].name == name && kind_->rules[i].type != ParameterRule::Type::block) return values_[i];
  }
  fail("{}: has no parameter '{}'", to_string(*this), name);
}

Format parse_format(std::string_view text) { return FormatReader(text).read(); }

std::string to_string(const Format& format) {
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < format.kind().rules.size(); ++i) {
    if (format.kind().rules[i].always_printed || !is_default(format, i)) arguments.push_back(argument(format, i));
  }
  if (arguments.empty()) return format.kind().name;
  return fmt::format("{}({})", format.kind().name, fmt::join(arguments, ","));
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const FormatKind* kind : format_kinds()) names.emplace_back(kind->name);
  return names;
}

std::string notation(const FormatKind& kind) {
  std::string text;
  for (const ParameterRule& rule : kind.rules) {
    std::string one = rule.type == ParameterRule::Type::word    ? fmt::format("{}", fmt::join(rule.words, "|"))
                      : rule.type == ParameterRule::Type::block ? "[..,ROWS,COLUMNS]"
                                                                : rule.prefix + upper_case(rule.name);
    const char* comma = text.empty() ? "" : ",";
    text += is_required(rule) ? comma + one : fmt::format("[{}{}]", comma, one);
  }
  return text.empty() ? kind.name : fmt::format("{}({})", kind.name, text);
}

Mode parse_mode(std::string_view text) {
  require(text == "standard" || text == "mase", "mode must be standard or mase, got '{}'", text);
  return text == "mase" ? Mode::mase : Mode::standard;
}

void require_within(const Format& format, const char* parameter, double lowest, double highest, double value) {
  require(value >= lowest && value <= highest, "{}: {} must be between {} and {}, got {}", to_string(format), parameter,
          lowest, highest, value);
}

}  // namespace ingot::compress
