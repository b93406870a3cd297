#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compress/formats/format.h"
#include "compress/formats/kind.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;

constexpr double kMaxListedBits = 16;

}  // namespace

void check_mode(const Format& format, Mode mode) {
  const char* gap = mode == Mode::mase ? format.kind().mase_gap(format) : "";
  require(*gap == '\0', "{}: needs mode standard; mase {}", to_string(format), gap);
}

void quantize(const Format& format, const engine::Shape& shape, std::span<const float> x, std::span<float> y,
              const QuantizeOptions& options) {
  const auto n = static_cast<std::int64_t>(x.size());
  require(shape.size() == n && y.size() == x.size(), "{}: shape {} has {} elements, got {} numbers and room for {}",
          to_string(format), engine::to_string(shape), shape.size(), x.size(), y.size());
  check_mode(format, options.mode);
  if (n > 0) format.kind().quantize({format, shape, n, x.data(), y.data(), options});
}

ValueRange value_range(const Format& format) { return format.kind().range(format); }

bool is_elementwise(const Format& format) {
  const FormatKind& kind = format.kind();
  return kind.values != nullptr && (kind.is_elementwise == nullptr || kind.is_elementwise(format));
}

bool is_stochastic(const Format& format) {
  const std::span<const ParameterRule> rules = format.kind().rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].type != ParameterRule::Type::word) continue;
    const auto word = static_cast<std::size_t>(format[static_cast<int>(i)]);
    if (std::string_view(rules[i].words[word]) == "stochastic") return true;
  }
  return false;
}

std::vector<float> representable_values(const Format& format, Mode mode) {
  check_mode(format, mode);
  require(is_elementwise(format), "{}: its numbers depend on the data, and cannot be listed", to_string(format));
  const double bits = bits_per_value(format, engine::Shape{1});
  require(bits <= kMaxListedBits, "{}: only numbers of at most {} bits are listed, got {}", to_string(format),
          kMaxListedBits, bits);
  return format.kind().values(format, mode);
}

bool has_codes(const Format& format) { return format.kind().code != nullptr && is_elementwise(format); }

std::vector<std::int64_t> codes(const Format& format, std::span<const float> x) {
  require(has_codes(format), "{}: has no integer codes", to_string(format));
  const auto nan = std::find_if(x.begin(), x.end(), [](float v) { return std::isnan(v); });
  require(nan == x.end(), "{}: NaN has no code, got one at position {}", to_string(format), nan - x.begin());
  std::vector<float> values(x.size());
  quantize(format, {static_cast<std::int64_t>(x.size())}, x, values);
  std::vector<std::int64_t> all(x.size());
  std::transform(values.begin(), values.end(), all.begin(), [&](float v) { return format.kind().code(format, v); });
  return all;
}

double bits_per_value(const Format& format, const engine::Shape& shape) { return format.kind().bits(format, shape); }

}  // namespace ingot::compress
