// log(w,bB): 0 or +-2^E. The nearest is that in value, not in the exponent: 1.45 is nearer to 1 though log2 rounds it
// to 2.
#include "compress/formats/log.h"

#include <cmath>

#include "compress/formats/elements.h"
#include "compress/formats/mase.h"
#include "compress/formats/minifloat.h"

namespace ingot::compress {
namespace {

enum { kWidth, kExponentBias };

constexpr ParameterRule kRules[] = {
    {.name = "width", .lowest = 2, .highest = 9},
    {.name = "exponent_bias",
     .prefix = "b",
     .lowest = -126,
     .highest = 149,
     .default_value = [](const Format& f) -> double { return default_bias(f.integer(kWidth) - 1); },
     .always_printed = true},
};

FloatGrid grid(const Format& f) { return log_grid(f.integer(kWidth), f.integer(kExponentBias)); }

void quantize_log(const QuantizeCall& call) {
  if (call.options.mode == Mode::standard) return map_to_grid(call, grid(call.format));
  const mase::LogCase log = mase::log_case(call.format.integer(kWidth), call.format.integer(kExponentBias));
  map_elements(call, [=](float x) { return mase::nearest_power(log, x); });
}

ValueRange range(const Format& f) { return symmetric_range(grid(f)); }
double bits(const Format& f, const engine::Shape&) { return f[kWidth]; }
std::int64_t code(const Format& f, float value) {
  return signed_code(place(grid(f), std::fabs(value)), value, f.integer(kWidth));
}

// In mase mode the place of 0 is taken by 2^-b, of both signs.
std::vector<float> values(const Format& f, Mode mode) {
  std::vector<float> all = magnitudes(grid(f));
  if (mode == Mode::standard) return mirrored(all);
  all[0] = static_cast<float>(exp2_of(-f.integer(kExponentBias)));
  return mirrored(all);
}

}  // namespace

FloatGrid log_grid(int width, int bias) { return minifloat_grid(width - 1, 0, bias); }

float mase::nearest_power(const LogCase& log, float x) {
  if (x != x) return x;
  const int exponent = std::clamp(round_log2(std::fabs(x) + log.tenth), log.lowest, log.highest);
  const float v = x + log.tenth;
  return v == 0.0f ? v : std::copysign(static_cast<float>(exp2_of(exponent)), v);
}

extern const FormatKind kLog{
    .name = "log",
    .summary = "0 and powers of two",
    .example = "log(8,b7)",
    .rules = kRules,
    .quantize = quantize_log,
    .range = range,
    .bits = bits,
    .mase_gap = no_gap,
    .values = values,
    .code = code,
};

}  // namespace ingot::compress
