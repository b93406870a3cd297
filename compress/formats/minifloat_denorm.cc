// minifloat_denorm(w,eE,bB): +-k 2^(E - m) with m = w - 1 - E mantissa bits and no hidden one, E from -b to 2^e - 1 -
// b. The numbers are those of a minifloat with m - 1 mantissa bits whose lowest normal exponent is -b - 1.
#include <cmath>

#include "compress/formats/elements.h"
#include "compress/formats/mase.h"
#include "compress/formats/minifloat.h"

namespace ingot::compress {
namespace {

enum { kWidth, kExponentWidth, kExponentBias };

constexpr ParameterRule kRules[] = {
    {.name = "width", .lowest = 3, .highest = 32},
    {.name = "exponent_width", .prefix = "e", .lowest = 1, .highest = 8},
    {.name = "exponent_bias",
     .prefix = "b",
     .lowest = -126,
     .highest = 148,
     .default_value = [](const Format& f) -> double { return default_bias(f.integer(kExponentWidth)); },
     .always_printed = true},
};

int mantissa_bits(const Format& f) { return f.integer(kWidth) - 1 - f.integer(kExponentWidth); }

void check(const Format& f) {
  check_mantissa(f, f.integer(kExponentWidth), 1, 24);
  require_within(f, "exponent_bias", -126, 149 - mantissa_bits(f), f[kExponentBias]);  // the step is a float32
}

FloatGrid grid(const Format& f) {
  const int m = mantissa_bits(f), bias = f.integer(kExponentBias);
  const int top = std::min((1 << f.integer(kExponentWidth)) - 1 - bias, 128);
  return {m - 1, -bias - 1, (1.0 - exp2_of(-m)) * exp2_of(top)};
}

// The code's fields: the smallest E with k < 2^m.
std::int64_t code(const Format& f, float value) {
  const int m = mantissa_bits(f), bias = f.integer(kExponentBias);
  const double a = std::fabs(value);
  const int exponent = a < exp2_of(-bias - 1) ? -bias : exponent_of(a) + 1;
  const auto k = static_cast<std::int64_t>(a * exp2_of(m - exponent));
  return signed_code(static_cast<std::int64_t>(exponent + bias) << m | k, value, f.integer(kWidth));
}

// E = ceil(log2), so that a power of two needs k = 2^m and is given 2^m - 1: 1 becomes 0.875 at m = 3. What is
// close to 0 passes as it is.
void quantize_mase(const QuantizeCall& call) {
  const int m = mantissa_bits(call.format), lowest = -call.format.integer(kExponentBias);
  const int highest = std::min(128, lowest + (1 << call.format.integer(kExponentWidth)) - 1);
  const double last = exp2_of(m) - 1.0;
  map_elements(call, [=](float x) {
    const float a = std::fabs(x);
    if (!(a > 1e-8f)) return x + 0.0f;
    const int step = std::clamp(mase::ceil_log2(a + 1e-9f), lowest, highest) - m;
    const double k = mase::clamped_round(a * exp2_of(-step), last);
    return std::copysign(static_cast<float>(k * exp2_of(step)), x);
  });
}

void quantize_denorm(const QuantizeCall& call) {
  call.options.mode == Mode::mase ? quantize_mase(call) : map_to_grid(call, grid(call.format));
}

ValueRange range(const Format& f) { return symmetric_range(grid(f)); }
double bits(const Format& f, const engine::Shape&) { return f[kWidth]; }
std::vector<float> values(const Format& f, Mode) { return mirrored(magnitudes(grid(f))); }

}  // namespace

extern const FormatKind kMinifloatDenorm{
    .name = "minifloat_denorm",
    .summary = "floating point without a hidden bit: k 2^(E - m)",
    .example = "minifloat_denorm(8,e4,b7)",
    .rules = kRules,
    .quantize = quantize_denorm,
    .range = range,
    .bits = bits,
    .check = check,
    .mase_gap = no_gap,
    .values = values,
    .code = code,
};

}  // namespace ingot::compress
