#include "pipeline/formats.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "compress/formats/format.h"
#include "compress/formats/kind.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/io/json.h"

namespace ingot::pipeline {
namespace {

using compress::Format;
using compress::FormatKind;
using compress::ParameterRule;
using engine::require;
using engine::Shape;

constexpr std::size_t kMostListed = 256;  // numbers in the table; --json lists them all

std::string legal(const ParameterRule& rule) {
  if (rule.type == ParameterRule::Type::word) return fmt::format("one of {}", fmt::join(rule.words, ", "));
  if (rule.type == ParameterRule::Type::block) return "sizes of 1 or more, -1 for a whole dimension, right-aligned";
  return fmt::format("{} {} to {}", rule.type == ParameterRule::Type::integer ? "integer" : "number", rule.lowest,
                     rule.highest);
}

Shape parse_shape(const std::string& text) {
  std::vector<std::int64_t> sizes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::int64_t size = 0;
    const auto [rest, error] = std::from_chars(text.data() + begin, text.data() + end, size);
    require(error == std::errc() && rest == text.data() + end && size >= 1 && size <= 1'000'000 && sizes.size() < 4,
            "--shape: must be one to four sizes between 1 and 1000000, as in 4,16, got '{}'", text);
    sizes.push_back(size);
    begin = end + 1;
  }
  return Shape(sizes);
}

engine::Json parameters_of(const Format& format) {
  engine::Json parameters = engine::Json::object();
  for (std::size_t i = 0; i < format.kind().rules.size(); ++i) {
    const ParameterRule& rule = format.kind().rules[i];
    if (rule.type == ParameterRule::Type::block) {
      parameters[rule.name] =
          std::vector<std::int64_t>(format.block().sizes.begin(), format.block().sizes.begin() + format.block().rank);
    } else if (rule.type == ParameterRule::Type::word) {
      parameters[rule.name] = rule.words[static_cast<std::size_t>(format[static_cast<int>(i)])];
    } else if (rule.type == ParameterRule::Type::integer) {
      parameters[rule.name] = format.integer(static_cast<int>(i));
    } else {
      parameters[rule.name] = format[static_cast<int>(i)];
    }
  }
  return parameters;
}

std::string rows_of_eight(const std::vector<float>& values) {
  std::size_t width = 0;
  for (const float v : values) width = std::max(width, fmt::formatted_size("{}", v));
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += fmt::format("{}{:>{}}", i % 8 == 0 ? "\n" : "  ", fmt::format("{}", values[i]), width);
  }
  return text + "\n";
}

// The numbers themselves, and what they say about precision.
void describe_values(const std::vector<float>& values, engine::Json& result, std::string& text) {
  const auto positive = std::upper_bound(values.begin(), values.end(), 0.0f);
  float step = std::numeric_limits<float>::max();
  for (std::size_t i = 1; i < values.size(); ++i) step = std::min(step, values[i] - values[i - 1]);
  result["values"] = values;
  result["step"] = step;
  text += fmt::format("numbers              {}\n", values.size());
  if (values.size() > 1) text += fmt::format("smallest step        {}\n", step);
  if (positive != values.end()) {
    result["smallest_positive"] = *positive;
    text += fmt::format("least above 0        {}\n", *positive);
  }
  text += values.size() > kMostListed ? "--json lists the numbers\n" : rows_of_eight(values);
}

}  // namespace

void list_formats(const Finish& finish) {
  std::string text;
  engine::Json formats = engine::Json::array();
  for (const FormatKind* kind : compress::format_kinds()) {
    text += fmt::format("{}\n    {}; as in {}\n", compress::notation(*kind), kind->summary, kind->example);
    engine::Json parameters = engine::Json::object();
    for (const ParameterRule& rule : kind->rules) {
      text += fmt::format("    {:<20} {}\n", rule.name, legal(rule));
      parameters[rule.name] = legal(rule);
    }
    formats.push_back({{"name", kind->name},
                       {"notation", compress::notation(*kind)},
                       {"summary", kind->summary},
                       {"example", kind->example},
                       {"parameters", parameters}});
  }
  finish({{"formats", formats}}, text);
}

void describe_format(const FormatOptions& o, const Finish& finish) {
  const Format format = compress::parse_format(o.format);
  const Shape shape = o.shape.empty() ? Shape{128, 512} : parse_shape(o.shape);
  const compress::Mode mode = compress::parse_mode(o.mode);
  compress::check_mode(format, mode);
  const compress::ValueRange range = compress::value_range(format);
  const double bits = compress::bits_per_value(format, shape);
  const engine::Json parameters = parameters_of(format);
  engine::Json result{{"format", compress::to_string(format)},
                      {"summary", format.kind().summary},
                      {"mode", o.mode},
                      {"parameters", parameters},
                      {"shape", engine::to_string(shape)},
                      {"bits_per_value", bits}};
  if (std::isfinite(range.highest)) result["range"] = {range.lowest, range.highest};
  std::string text = fmt::format("{}: {}\n\n", compress::to_string(format), format.kind().summary);
  for (const ParameterRule& rule : format.kind().rules) {
    const engine::Json& value = parameters[rule.name];
    text += fmt::format("{:<20} {}\n", rule.name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  text += std::isfinite(range.highest) ? fmt::format("range                {} to {}\n", range.lowest, range.highest)
                                       : "range                as the scale of the data\n";
  text += fmt::format("bits per value       {} (of a tensor {})\n", bits, engine::to_string(shape));
  if (compress::is_elementwise(format) && bits <= 16) {
    describe_values(compress::representable_values(format, mode), result, text);
  }
  finish(result, text);
}

void quantize_numbers(const FormatOptions& o, const std::vector<float>& numbers, std::uint64_t seed,
                      const Finish& finish) {
  const Format format = compress::parse_format(o.format);
  const Shape shape = o.shape.empty() ? Shape{static_cast<std::int64_t>(numbers.size())} : parse_shape(o.shape);
  require(shape.size() == static_cast<std::int64_t>(numbers.size()),
          "--shape: {} has {} elements, and standard input {} numbers", o.shape, shape.size(), numbers.size());
  std::vector<float> values(numbers.size());
  compress::quantize(format, shape, numbers, values,
                     {.mode = compress::parse_mode(o.mode),
                      .seed = seed,
                      .stream = static_cast<std::uint64_t>(engine::Stream::rounding) << 56});
  std::string text;
  for (const float value : values) text += fmt::format("{}\n", value);
  finish({{"format", compress::to_string(format)},
          {"mode", o.mode},
          {"shape", engine::to_string(shape)},
          {"bits_per_value", compress::bits_per_value(format, shape)},
          {"inputs", numbers},
          {"values", values}},
         text);
}

}  // namespace ingot::pipeline
