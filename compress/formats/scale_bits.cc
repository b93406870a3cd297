#include "compress/formats/scale_bits.h"

#include <fmt/format.h>

#include <algorithm>

#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"

namespace ingot::compress {
namespace {

constexpr std::string_view kBias = "exponent_bias";

// Null if there is none: a parameter that is written as b7, whatever it is. The bias of a block's shared exponent
// scales nothing: that exponent follows the block.
const ParameterRule* bias_of(const FormatKind& kind) {
  const auto* const end = kind.rules.data() + kind.rules.size();
  const auto* const found = std::find_if(kind.rules.data(), end, [](const ParameterRule& rule) {
    return rule.name == kBias && rule.prefix == std::string_view("b") && rule.always_printed;
  });
  return kind.values != nullptr && found != end ? found : nullptr;
}

}  // namespace

bool has_exponent_bias(std::string_view format_name) {
  const std::span<const FormatKind* const> kinds = format_kinds();
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const FormatKind* kind) { return kind->name == format_name && bias_of(*kind) != nullptr; });
}

bool has_scale_bits(const Format& format) { return as_fixed(format) || bias_of(format.kind()) != nullptr; }

int scale_bits(const Format& format) {
  const std::optional<FixedPoint> fixed = as_fixed(format);
  return fixed ? fixed->frac_bits : static_cast<int>(format.parameter(kBias));
}

Format with_scale_bits(const Format& format, int bits) {
  if (as_fixed(format)) return with_frac_bits(format, bits);
  const std::string text = to_string(format), bias = fmt::format(",b{}", scale_bits(format));
  const std::size_t at = text.find(bias);
  return parse_format(fmt::format("{},b{}{}", text.substr(0, at), bits, text.substr(at + bias.size())));
}

ScaleBitsRange scale_bits_range(const Format& format) {
  if (as_fixed(format)) return {-95, 126};
  const ParameterRule& bias = *bias_of(format.kind());
  constexpr double kLowest = -126, kHighest = 125;  // with which the smallest step is a float32, whatever the width
  return {static_cast<int>(std::max(kLowest, bias.lowest)), static_cast<int>(std::min(kHighest, bias.highest))};
}

}  // namespace ingot::compress
