// block_minifloat(w,eE,eB,[..]): minifloats of a block share a bias of B bits. (Fox, Rasoulinezhad, Faraone, Boland,
// Leong: A Block Minifloat Representation for Training Deep Neural Networks, ICLR 2021.)
#include <algorithm>

#include "compress/formats/blocks.h"
#include "compress/formats/minifloat.h"

namespace ingot::compress {
namespace {

enum { kWidth, kExponentWidth, kBiasWidth };

constexpr ParameterRule kRules[] = {
    {.name = "width", .lowest = 2, .highest = 32},
    {.name = "exponent_width", .prefix = "e", .lowest = 1, .highest = 8},
    {.name = "exponent_bias_width", .prefix = "e", .lowest = 1, .highest = 8},
    {.name = "block", .type = ParameterRule::Type::block},
};

int mantissa_bits(const Format& f) { return f.integer(kWidth) - 1 - f.integer(kExponentWidth); }

void check(const Format& f) { check_mantissa(f, f.integer(kExponentWidth), 0, 23); }

// The largest bias, that is the finest numbers, with which the block's maximum is still below the end.
FloatGrid block_grid(const Format& f, double largest) {
  const int e = f.integer(kExponentWidth), m = mantissa_bits(f);
  const int highest_bias = std::min((1 << f.integer(kBiasWidth)) - 1, 150 - m);  // the step is a float32
  return minifloat_grid(e, m, std::clamp((1 << e) - 1 - top_exponent(largest, m), 0, highest_bias));
}

constexpr BlockGrids kBlocks{.size = [](const Format& f) { return f.block(); },
                             .element_bits = [](const Format& f) { return f.integer(kWidth); },
                             .grid = block_grid};

void quantize_block_minifloat(const QuantizeCall& call) { round_blocks(call, kBlocks); }

ValueRange range(const Format& f) {
  return symmetric_range(minifloat_grid(f.integer(kExponentWidth), mantissa_bits(f), 0));
}

double bits(const Format& f, const engine::Shape& shape) {
  return bits_with_shared(f, shape, f.block(), f[kBiasWidth]);
}

const char* mase_gap(const Format&) { return "has no block_minifloat that works: its bias is inverted"; }

}  // namespace

extern const FormatKind kBlockMinifloat{
    .name = "block_minifloat",
    .summary = "minifloat with one exponent bias for a block",
    .example = "block_minifloat(8,e4,e8,[1,16])",
    .rules = kRules,
    .quantize = quantize_block_minifloat,
    .range = range,
    .bits = bits,
    .check = check,
    .mase_gap = mase_gap,
    .blocks = &kBlocks,
};

}  // namespace ingot::compress
