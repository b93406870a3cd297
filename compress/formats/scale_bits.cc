#include "compress/formats/scale_bits.h"

#include <fmt/format.h>

#include <algorithm>

#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"

namespace ingot::compress {
namespace {

constexpr std::string_view kBias = "exponent_bias";

// The bias of a block's shared exponent scales nothing: that exponent follows the block.
bool has_bias(const FormatKind& kind) {
  return kind.values != nullptr && std::any_of(kind.rules.begin(), kind.rules.end(),
                                               [](const ParameterRule& rule) { return rule.name == kBias; });
}

}  // namespace

bool has_exponent_bias(std::string_view format_name) {
  const std::span<const FormatKind* const> kinds = format_kinds();
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const FormatKind* kind) { return kind->name == format_name && has_bias(*kind); });
}

bool has_scale_bits(const Format& format) { return as_fixed(format) || has_bias(format.kind()); }

int scale_bits(const Format& format) {
  const std::optional<FixedPoint> fixed = as_fixed(format);
  return fixed ? fixed->frac_bits : static_cast<int>(format.parameter(kBias));
}

// The bias is the last parameter, and is always printed.
Format with_scale_bits(const Format& format, int bits) {
  if (as_fixed(format)) return with_frac_bits(format, bits);
  const std::string text = to_string(format);
  return parse_format(fmt::format("{},b{})", text.substr(0, text.rfind(",b")), bits));
}

ScaleBitsRange scale_bits_range(const Format& format) {
  if (as_fixed(format)) return {-95, 126};
  return {-126, 125};  // of any width: the smallest step is a float32
}

}  // namespace ingot::compress
