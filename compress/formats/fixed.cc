// fixed(w,f), ufixed(w,f): codes of w bits that stand for multiples of 2^-f, by the definitions of base/fixed_point.h.
#include "compress/formats/fixed.h"

#include <fmt/format.h>

#include "compress/formats/elements.h"
#include "compress/formats/kind.h"
#include "compress/formats/mase.h"
#include "engine/base/threads.h"
#include "engine/kernels/quantize/quantize.h"

namespace ingot::compress {

extern const FormatKind kFixed, kUfixed;

namespace {

using engine::Rounding;

enum { kWidth, kFracWidth, kRounding };

constexpr const char* kRoundings[] = {"nearest_even", "floor", "half_away", "stochastic"};  // in the order of Rounding
constexpr double kStochastic = 3;

// The ranges keep every code of at most 24 bits, times 2^-f, a normal float32.
constexpr ParameterRule kRules[] = {
    {.name = "width", .lowest = 1, .highest = 32},
    {.name = "frac_width", .lowest = -95, .highest = 126},
    {.name = "rounding", .type = ParameterRule::Type::word, .words = kRoundings},
};

FixedPoint parameters(const Format& format) {
  FixedPoint fixed{format.integer(kWidth), format.integer(kFracWidth), &format.kind() == &kFixed, {}};
  if (format[kRounding] != kStochastic) fixed.rounding = static_cast<Rounding>(format.integer(kRounding));
  return fixed;
}

// floor(x 2^f + u): up with the probability of the fraction, so that the mean is x.
void quantize_stochastic(const QuantizeCall& call, const FixedPoint& fixed) {
  const double factor = engine::power_of_two(fixed.frac_bits), unit = engine::power_of_two(-fixed.frac_bits);
  const auto lowest = static_cast<double>(fixed.codes().lowest), highest = static_cast<double>(fixed.codes().highest);
  map_elements_with_draws(call, [=](float x, double u) {
    if (std::isnan(x)) return x;
    const double scaled = std::clamp(static_cast<double>(x) * factor, lowest, highest);
    auto code = static_cast<std::int64_t>(scaled);
    code -= static_cast<std::int64_t>(static_cast<double>(code) > scaled);
    code += static_cast<std::int64_t>(u < scaled - static_cast<double>(code));
    return static_cast<float>(static_cast<double>(code) * unit);
  });
}

// In float32, where a small negative number gives -0 and the highest code of more than 24 bits rounds up.
void quantize_mase(const QuantizeCall& call, const FixedPoint& fixed) {
  const float factor = static_cast<float>(exp2_of(fixed.frac_bits)), unit = 1.0f / factor;
  const auto lowest = static_cast<float>(fixed.codes().lowest), highest = static_cast<float>(fixed.codes().highest);
  const auto clamp = [=](float code) {
    const float c = code < lowest ? lowest : code;
    return c > highest ? highest : c;
  };
  if (fixed.rounding == Rounding::floor) {
    return map_elements(call, [=](float x) { return clamp(mase::floor(x * factor)) * unit; });
  }
  map_elements(call, [=](float x) { return clamp(mase::round(x * factor)) * unit; });
}

void quantize_fixed(const QuantizeCall& call) {
  const FixedPoint fixed = parameters(call.format);
  if (call.options.mode == Mode::mase) return quantize_mase(call, fixed);
  if (!fixed.rounding) return quantize_stochastic(call, fixed);
  quantize_rows(fixed, 1, call.n, call.x, &fixed.frac_bits, call.y);
}

ValueRange range(const Format& format) {
  const FixedPoint fixed = parameters(format);
  const auto [lowest, highest] = engine::fixed_range(fixed.width, fixed.frac_bits, fixed.is_signed);
  return {lowest, highest};
}

double bits(const Format& format, const engine::Shape&) { return format[kWidth]; }

std::vector<float> values(const Format& format, Mode) {
  const FixedPoint fixed = parameters(format);
  std::vector<float> all;
  for (std::int64_t code = fixed.codes().lowest; code <= fixed.codes().highest; ++code) {
    all.push_back(engine::fixed_value(code, fixed.frac_bits));
  }
  return all;
}

// Above 24 bits float32 may hold only the neighbour above the highest code: it saturates back.
std::int64_t code(const Format& format, float value) {
  const FixedPoint fixed = parameters(format);
  return engine::fixed_code(value, fixed.frac_bits, Rounding::nearest_even, fixed.codes());
}

const char* mase_gap(const Format& format) {
  const bool has = format[kRounding] == static_cast<double>(Rounding::nearest_even) ||
                   format[kRounding] == static_cast<double>(Rounding::floor);
  return has ? "" : "knows only the roundings nearest_even and floor";
}

constexpr FormatKind kind(const char* name, const char* summary, const char* example) {
  return {.name = name,
          .summary = summary,
          .example = example,
          .rules = kRules,
          .quantize = quantize_fixed,
          .range = range,
          .bits = bits,
          .mase_gap = mase_gap,
          .values = values,
          .code = code,
          .fixed = parameters};
}

}  // namespace

extern const FormatKind kFixed = kind("fixed", "fixed point, two's complement: code 2^-frac_width", "fixed(8,4)");
extern const FormatKind kUfixed = kind("ufixed", "fixed point, unsigned: code 2^-frac_width", "ufixed(8,4)");

Format with_frac_bits(const Format& format, int frac_bits) {
  if (as_fixed(format)->set != CodeSet::all) return parse_format(fmt::format("{}({})", format.name(), frac_bits));
  return parse_format(fmt::format("{}({},{},{})", format.name(), format.integer(kWidth), frac_bits,
                                  kRoundings[format.integer(kRounding)]));
}

std::optional<FixedPoint> as_fixed(const Format& format) {
  if (format.kind().fixed == nullptr) return {};
  return format.kind().fixed(format);
}

engine::FixedRange FixedPoint::range(int bits) const {
  const double unit = engine::power_of_two(-bits);
  return {static_cast<double>(codes().lowest) * unit, static_cast<double>(codes().highest) * unit};
}

namespace {

void quantize_signs(std::int64_t n, const float* x, int frac_bits, float* y) {
  const auto unit = static_cast<float>(engine::power_of_two(-frac_bits));
  engine::parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = std::isnan(x[i]) ? x[i] : x[i] < 0 ? -unit : unit;
  });
}

}  // namespace

void quantize_rows(const FixedPoint& fixed, std::int64_t n_rows, std::int64_t n, const float* x, const int* frac_bits,
                   float* y) {
  if (fixed.set == CodeSet::binary) {
    for (std::int64_t row = 0; row < n_rows; ++row) quantize_signs(n, x + row * n, frac_bits[row], y + row * n);
  } else if (n_rows == 1) {
    engine::kernels::fake_quantize(n, x, *frac_bits, *fixed.rounding, fixed.codes(), y);
  } else {
    engine::kernels::fake_quantize_rows(n_rows, n, x, frac_bits, *fixed.rounding, fixed.codes(), y);
  }
}

}  // namespace ingot::compress
