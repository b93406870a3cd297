// ternary: -a, 0 or +a; 0 where |x| <= delta = t mean |x|, t = 0.75. The scale a is 1, or the mean of the |x| above
// delta, of the tensor or of each output channel, which also has its own delta. (Li, Zhang, Liu: Ternary Weight
// Networks, 2016.)
#include <cmath>

#include "compress/formats/elements.h"
#include "compress/formats/scales.h"

namespace ingot::compress {
namespace {

enum { kScale, kThreshold };

constexpr float kSigns[] = {-1, 0, 1};

constexpr ParameterRule kRules[] = {
    {.name = "scale", .type = ParameterRule::Type::word, .words = kScales},
    {.name = "threshold",
     .prefix = "t",
     .type = ParameterRule::Type::number,
     .lowest = 0,
     .highest = 100,
     .default_value = [](const Format&) { return 0.75; }},
};

Scale scale_of(const Format& f) { return static_cast<Scale>(f.integer(kScale)); }

void quantize_ternary(const QuantizeCall& call) {
  const Groups groups = groups_of(call.shape, scale_of(call.format), call.options.is_batch);
  std::vector<double> deltas = mean_magnitudes(groups, call.x);
  for (double& delta : deltas) delta *= call.format[kThreshold];
  std::vector<double> scales(deltas.size(), 1.0);
  if (scale_of(call.format) != Scale::none) scales = mean_magnitudes(groups, call.x, &deltas);
  map_groups(call, groups.size, [&](std::size_t group) {
    const double delta = deltas[group];
    const auto nothing = static_cast<float>(delta - delta);  // 0, or NaN if the group holds one
    return [=, a = static_cast<float>(scales[group])](float x) {
      const auto is_large = static_cast<float>(std::fabs(static_cast<double>(x)) > delta);
      return std::copysign(a, x) * is_large + nothing;
    };
  });
}

ValueRange range(const Format& f) {
  const double end = scale_of(f) == Scale::none ? 1.0 : HUGE_VAL;
  return {-end, end};
}
double bits(const Format& f, const engine::Shape& shape) { return 2 + scale_bits(shape, scale_of(f)); }
const char* mase_gap(const Format&) { return "has no ternary that takes matrices"; }

}  // namespace

extern const FormatKind kTernary{
    .name = "ternary",
    .summary = "-a, 0 or a, 0 for the small ones",
    .example = "ternary(channel)",
    .rules = kRules,
    .quantize = quantize_ternary,
    .range = range,
    .bits = bits,
    .mase_gap = mase_gap,
    .signs = kSigns,
};

}  // namespace ingot::compress
