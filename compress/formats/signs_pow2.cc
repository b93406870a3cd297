// ternary_pow2(f): -2^-f, 0 or 2^-f, whichever is nearest. binary_pow2(f): 2^-f with the sign of x, of 0 the positive
// one. They are fixed point of the codes -1, (0,) 1: weights that a circuit adds or subtracts, and whose sums need no
// multiplication to be scaled. Of a power of two the nearest number is the best one, so no threshold is to be chosen.
#include "compress/formats/elements.h"
#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"

namespace ingot::compress {

extern const FormatKind kTernaryPow2, kBinaryPow2;

namespace {

constexpr ParameterRule kRules[] = {{.name = "frac_width", .lowest = -95, .highest = 126}};

FixedPoint parameters(const Format& format) {
  const bool is_binary = &format.kind() == &kBinaryPow2;
  return {is_binary ? 1 : 2, format.integer(0), true, engine::Rounding::nearest_even,
          is_binary ? CodeSet::binary : CodeSet::ternary};
}

void quantize(const QuantizeCall& call) {
  const FixedPoint fixed = parameters(call.format);
  quantize_rows(fixed, 1, call.n, call.x, &fixed.frac_bits, call.y);
}

ValueRange range(const Format& format) {
  const engine::FixedRange numbers = parameters(format).range(format.integer(0));
  return {numbers.lowest, numbers.highest};
}

double bits(const Format& format, const engine::Shape&) { return parameters(format).width; }

std::vector<float> values(const Format& format, Mode) {
  const auto unit = static_cast<float>(engine::power_of_two(-format.integer(0)));
  return parameters(format).set == CodeSet::binary ? std::vector<float>{-unit, unit}
                                                   : std::vector<float>{-unit, 0, unit};
}

std::int64_t code(const Format& format, float value) {
  return engine::fixed_code(value, format.integer(0), engine::Rounding::nearest_even, {-1, 1});
}

const char* mase_gap(const Format&) { return "has no scales that are powers of two"; }

constexpr FormatKind kind(const char* name, const char* summary, const char* example) {
  return {.name = name,
          .summary = summary,
          .example = example,
          .rules = kRules,
          .quantize = quantize,
          .range = range,
          .bits = bits,
          .mase_gap = mase_gap,
          .values = values,
          .code = code,
          .fixed = parameters};
}

}  // namespace

extern const FormatKind kTernaryPow2 = kind("ternary_pow2", "-2^-frac_width, 0 or 2^-frac_width", "ternary_pow2(5)");
extern const FormatKind kBinaryPow2 = kind("binary_pow2", "2^-frac_width with the sign", "binary_pow2(5)");

}  // namespace ingot::compress
