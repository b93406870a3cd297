// minifloat(w,eE,bB): sign, E exponent bits, m = w - 1 - E mantissa bits with a hidden one, subnormals. As in IEEE 754,
// but every exponent code is a number: there is no infinity and no NaN.
#include "compress/formats/minifloat.h"

#include <cmath>

#include "compress/formats/elements.h"
#include "compress/formats/mase.h"
#include "engine/kernels/float_grid/float_grid.h"

namespace ingot::compress {
namespace {

enum { kWidth, kExponentWidth, kExponentBias };

constexpr ParameterRule kRules[] = {
    {.name = "width", .lowest = 2, .highest = 32},
    {.name = "exponent_width", .prefix = "e", .lowest = 1, .highest = 8},
    {.name = "exponent_bias",
     .prefix = "b",
     .lowest = -126,
     .highest = 149,
     .default_value = [](const Format& f) -> double { return default_bias(f.integer(kExponentWidth)); },
     .always_printed = true},
};

int mantissa_bits(const Format& f) { return f.integer(kWidth) - 1 - f.integer(kExponentWidth); }

void check(const Format& f) {
  check_mantissa(f, f.integer(kExponentWidth), 0, 23);
  // The smallest step 2^(1 - b - m) is a float32.
  require_within(f, "exponent_bias", -126, 150 - mantissa_bits(f), f[kExponentBias]);
}

FloatGrid grid(const Format& f) {
  return minifloat_grid(f.integer(kExponentWidth), mantissa_bits(f), f.integer(kExponentBias));
}

// E = floor(log2), and the mantissa is rounded within its binade, never into the next: 1.97 gives 1.875 where 2 is
// nearer. What is close to 0 passes as it is.
void quantize_mase(const QuantizeCall& call) {
  const int m = mantissa_bits(call.format), lowest = -call.format.integer(kExponentBias);
  const int highest = std::min(127, lowest + (1 << call.format.integer(kExponentWidth)) - 1);
  const double hidden = exp2_of(m), last = hidden - 1.0;
  map_elements(call, [=](float x) {
    const float a = std::fabs(x);
    if (!(a > 1e-8f)) return x + 0.0f;
    const int exponent = std::clamp(mase::floor_log2(a + 1e-9f), lowest, highest);
    const bool subnormal = exponent == lowest;
    const int step = exponent - m + (subnormal ? 1 : 0);
    const double offset = subnormal ? 0.0 : hidden;
    const double k = mase::clamped_round(a * exp2_of(-step) - offset, last);
    return std::copysign(static_cast<float>((k + offset) * exp2_of(step)), x);
  });
}

void quantize_minifloat(const QuantizeCall& call) {
  call.options.mode == Mode::mase ? quantize_mase(call) : map_to_grid(call, grid(call.format));
}

ValueRange range(const Format& f) { return symmetric_range(grid(f)); }
double bits(const Format& f, const engine::Shape&) { return f[kWidth]; }
std::vector<float> values(const Format& f, Mode) { return mirrored(magnitudes(grid(f))); }
std::int64_t code(const Format& f, float value) {
  return signed_code(place(grid(f), std::fabs(value)), value, f.integer(kWidth));
}

}  // namespace

void check_mantissa(const Format& format, int exponent_bits, int lowest, int highest) {
  require_within(format, "width", exponent_bits + 1 + lowest, exponent_bits + 1 + highest, format.parameter("width"));
}

void map_to_grid(const QuantizeCall& call, const FloatGrid& grid) {
  engine::parallel_for(call.n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    engine::kernels::round_to_grids(1, end - begin, &grid, call.x + begin, call.y + begin);
  });
}

extern const FormatKind kMinifloat{
    .name = "minifloat",
    .summary = "floating point with a hidden bit and subnormals, without infinity and NaN",
    .example = "minifloat(8,e4,b7)",
    .rules = kRules,
    .quantize = quantize_minifloat,
    .range = range,
    .bits = bits,
    .check = check,
    .mase_gap = no_gap,
    .values = values,
    .code = code,
};

}  // namespace ingot::compress
