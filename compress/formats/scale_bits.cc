#include "compress/formats/scale_bits.h"

#include <fmt/format.h>

#include <algorithm>

#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"

namespace ingot::compress {
namespace {

// Null if there is none: the last parameter, written as b7 whatever it is, and possibly 0. The bias of a block's shared
// exponent scales nothing: that exponent follows the block.
const ParameterRule* bias_of(const FormatKind& kind) {
  if (kind.values == nullptr || kind.rules.empty()) return nullptr;
  const ParameterRule& last = kind.rules.back();
  const bool is_bias = last.name == std::string_view("exponent_bias") && last.prefix == std::string_view("b") &&
                       last.default_value != nullptr && last.always_printed && last.lowest <= 0 && last.highest >= 0;
  return is_bias ? &last : nullptr;
}

}  // namespace

std::vector<std::string> biased_formats() {
  std::vector<std::string> names;
  for (const FormatKind* kind : format_kinds()) {
    if (bias_of(*kind) != nullptr) names.emplace_back(kind->name);
  }
  return names;
}

Format with_scale_bits(const Format& format, int bits) {
  if (as_fixed(format)) return with_frac_bits(format, bits);
  const std::string text = to_string(format);
  return parse_format(fmt::format("{},b{})", text.substr(0, text.rfind(",b")), bits));
}

ScaleBitsRange scale_bits_range(const Format& format) {
  if (as_fixed(format)) return {-95, 126};
  const ParameterRule& bias = *bias_of(format.kind());
  constexpr double kLowest = -126, kHighest = 125;  // with which the smallest step is a float32
  return {static_cast<int>(std::max(kLowest, bias.lowest)), static_cast<int>(std::min(kHighest, bias.highest))};
}

int usual_bias(const Format& format) {
  const ScaleBitsRange range = scale_bits_range(format);
  return std::clamp(static_cast<int>(bias_of(format.kind())->default_value(format)), range.lowest, range.highest);
}

}  // namespace ingot::compress
