// binary: alpha sign(x) with sign(0) = +1; alpha is 1, or the mean |x| of the tensor or of the output channel, which is
// the best one for these signs (Rastegari, Ordonez, Redmon, Farhadi: XNOR-Net, ECCV 2016). Stochastic: +alpha with
// probability clamp((x + 1) / 2, 0, 1) (Courbariaux, Bengio, David: BinaryConnect, NeurIPS 2015). Unipolar: 0 or 1.
#include <algorithm>

#include "compress/formats/elements.h"
#include "compress/formats/scales.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

enum { kScale, kPolarity, kDraw };

constexpr const char* kPolarities[] = {"bipolar", "unipolar"};
constexpr const char* kDraws[] = {"deterministic", "stochastic"};

constexpr float kSigns[] = {-1, 1};

constexpr ParameterRule kRules[] = {
    {.name = "scale", .type = ParameterRule::Type::word, .words = kScales},
    {.name = "polarity", .type = ParameterRule::Type::word, .words = kPolarities},
    {.name = "draw", .type = ParameterRule::Type::word, .words = kDraws},
};

Scale scale_of(const Format& f) { return static_cast<Scale>(f.integer(kScale)); }
bool is_unipolar(const Format& f) { return f[kPolarity] == 1; }

void check(const Format& f) {
  engine::require(!is_unipolar(f) || scale_of(f) == Scale::none, "{}: unipolar goes only with scale none, got {}",
                  to_string(f), kScales[f.integer(kScale)]);
}

// The two numbers, alpha times `low` and `high`.
struct Levels {
  float low, high;
};
Levels levels_of(const Format& f) { return {is_unipolar(f) ? 0.0f : -1.0f, 1.0f}; }

void quantize_stochastic(const QuantizeCall& call, Groups groups, const std::vector<double>& alphas) {
  const Levels levels = levels_of(call.format);
  const double offset = is_unipolar(call.format) ? 0.0 : 0.5, slope = 1.0 - offset;
  map_elements_with_draws(call, [=](float x, double u) {
    return x != x ? x : u < std::clamp(slope * static_cast<double>(x) + offset, 0.0, 1.0) ? levels.high : levels.low;
  });
  if (scale_of(call.format) == Scale::none) return;
  const QuantizeCall again{call.format, call.shape, call.n, call.y, call.y, call.options};
  map_groups(again, groups.size, [&](std::size_t group) {
    return [alpha = static_cast<float>(alphas[group])](float sign) { return alpha * sign; };
  });
}

void quantize_binary(const QuantizeCall& call) {
  const Groups groups = groups_of(call.shape, scale_of(call.format), call.options.is_batch);
  std::vector<double> alphas(static_cast<std::size_t>(groups.count), 1.0);
  if (scale_of(call.format) != Scale::none) alphas = mean_magnitudes(groups, call.x);
  if (call.format[kDraw] == 1) return quantize_stochastic(call, groups, alphas);
  if (is_unipolar(call.format)) return map_elements(call, [](float x) { return x != x ? x : x > 0.5f ? 1.0f : 0.0f; });
  map_groups(call, groups.size, [&](std::size_t group) {
    return [alpha = static_cast<float>(alphas[group])](float x) { return x != x ? x : x < 0.0f ? -alpha : alpha; };
  });
}

ValueRange range(const Format& f) { return {levels_of(f).low, levels_of(f).high}; }
double bits(const Format& f, const engine::Shape& shape) { return 1 + scale_bits(shape, scale_of(f)); }
std::vector<float> values(const Format& f, Mode) { return {levels_of(f).low, levels_of(f).high}; }
bool has_no_scale(const Format& f) { return scale_of(f) == Scale::none; }
std::int64_t code(const Format&, float value) { return value > 0 ? 1 : 0; }

const char* mase_gap(const Format& f) {
  const bool plain = scale_of(f) == Scale::none && !is_unipolar(f) && f[kDraw] == 0;
  return plain ? "" : "knows only plain binary";
}

}  // namespace

extern const FormatKind kBinary{
    .name = "binary",
    .summary = "the sign, times a scale",
    .example = "binary(channel)",
    .rules = kRules,
    .quantize = quantize_binary,
    .range = range,
    .bits = bits,
    .check = check,
    .mase_gap = mase_gap,
    .values = values,
    .is_elementwise = has_no_scale,
    .code = code,
    .signs = kSigns,
};

}  // namespace ingot::compress
