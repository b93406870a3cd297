// block_fp(w,eE,[..]): the elements of a block share an exponent; each is +-k 2^(E - m) with m = w - 1 bits for k. E
// has E bits, less the bias. ("Block floating point", as in Rouhani et al., Pushing the Limits of Narrow Precision
// Inferencing at Cloud Scale with Microsoft Floating Point, NeurIPS 2020.)
#include <cmath>
#include <vector>

#include "compress/formats/blocks.h"
#include "compress/formats/mase.h"
#include "compress/formats/mase_blocks.h"
#include "compress/formats/minifloat.h"

namespace ingot::compress {
namespace {

enum { kWidth, kExponentWidth, kExponentBias };

constexpr ParameterRule kRules[] = {
    {.name = "width", .lowest = 2, .highest = 24},
    {.name = "exponent_width", .prefix = "e", .lowest = 1, .highest = 8},
    {.name = "exponent_bias",
     .prefix = "b",
     .lowest = -126,
     .highest = 255,
     .default_value = [](const Format& f) -> double { return default_bias(f.integer(kExponentWidth)); }},
    {.name = "block", .type = ParameterRule::Type::block},
};

// The exponents E for which the step 2^(E - m) and the largest number are float32.
struct Exponents {
  int lowest, highest;
};
Exponents exponents(const Format& f) {
  const int bias = f.integer(kExponentBias), m = f.integer(kWidth) - 1;
  return {std::max(-bias, m - 149), std::min((1 << f.integer(kExponentWidth)) - 1 - bias, 128)};
}

void check(const Format& f) {
  const int m = f.integer(kWidth) - 1;
  require_within(f, "exponent_bias", -126, (1 << f.integer(kExponentWidth)) - 1 + 149 - m, f[kExponentBias]);
}

// Multiples of 2^(E - m) below 2^E: a grid whose only binade with a hidden bit is the upper half.
FloatGrid grid(int m, int exponent) { return {m - 1, exponent - 1, (1.0 - exp2_of(-m)) * exp2_of(exponent)}; }

// E = ceil(log2 M): where M is a power of two it needs k = 2^m and is given 2^m - 1.
void quantize_mase(const QuantizeCall& call) {
  const int m = call.format.integer(kWidth) - 1, lowest = -call.format.integer(kExponentBias);
  const int highest = std::min(128, lowest + (1 << call.format.integer(kExponentWidth)) - 1);
  const double last = exp2_of(m) - 1.0;
  mase::for_each_block(call, [=](float largest, std::int64_t n, const float* x, float* y) {
    const int step = std::clamp(mase::ceil_log2(largest), lowest, highest) - m;
    const double unit = exp2_of(step), per_unit = exp2_of(-step);
    for (std::int64_t i = 0; i < n; ++i) {
      const double k = mase::clamped_round((std::fabs(x[i]) + 1e-9f) * per_unit, last);
      const float v = x[i] + 1e-9f;
      y[i] = v == 0.0f ? 0.0f : std::copysign(static_cast<float>(k * unit), v) + 0.0f;
    }
  });
}

FloatGrid block_grid(const Format& f, double largest) {
  const int m = f.integer(kWidth) - 1;
  const Exponents legal = exponents(f);
  return grid(m, std::clamp(top_exponent(largest, m - 1) + 1, legal.lowest, legal.highest));
}

constexpr BlockGrids kBlocks{.size = [](const Format& f) { return f.block(); },
                             .element_bits = [](const Format& f) { return f.integer(kWidth); },
                             .grid = block_grid};

void quantize_block_fp(const QuantizeCall& call) {
  call.options.mode == Mode::mase ? quantize_mase(call) : round_blocks(call, kBlocks);
}

ValueRange range(const Format& f) { return symmetric_range(grid(f.integer(kWidth) - 1, exponents(f).highest)); }

double bits(const Format& f, const engine::Shape& shape) {
  return bits_with_shared(f, shape, f.block(), f[kExponentWidth]);
}

}  // namespace

extern const FormatKind kBlockFp{
    .name = "block_fp",
    .summary = "block floating point: one exponent for a block, k 2^(E - m)",
    .example = "block_fp(8,e8,[1,16])",
    .rules = kRules,
    .quantize = quantize_block_fp,
    .range = range,
    .bits = bits,
    .check = check,
    .mase_gap = no_gap,
    .blocks = &kBlocks,
};

}  // namespace ingot::compress
