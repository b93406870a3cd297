// block_log(w,eB,[..]): log with one bias of B bits for a block.
#include <algorithm>

#include "compress/formats/blocks.h"
#include "compress/formats/log.h"
#include "compress/formats/mase.h"
#include "compress/formats/mase_blocks.h"
#include "compress/formats/minifloat.h"

namespace ingot::compress {
namespace {

enum { kWidth, kBiasWidth };

constexpr ParameterRule kRules[] = {
    {.name = "width", .lowest = 2, .highest = 9},
    {.name = "exponent_bias_width", .prefix = "e", .lowest = 1, .highest = 8},
    {.name = "block", .type = ParameterRule::Type::block},
};

int largest_bias(const Format& f) { return (1 << f.integer(kBiasWidth)) - 1; }
int largest_code(const Format& f) { return (1 << (f.integer(kWidth) - 1)) - 1; }

void quantize_mase(const QuantizeCall& call) {
  const int width = call.format.integer(kWidth), top = largest_code(call.format), limit = largest_bias(call.format);
  mase::for_each_block(call, [=](float largest, std::int64_t n, const float* x, float* y) {
    const mase::LogCase log = mase::log_case(width, std::clamp(top - mase::ceil_log2(largest), 0, limit));
    for (std::int64_t i = 0; i < n; ++i) y[i] = mase::nearest_power(log, x[i]);
  });
}

// The largest bias with which the power of two nearest to the block's maximum can be written.
FloatGrid block_grid(const Format& f, double largest) {
  const int highest_bias = std::min(largest_bias(f), 150);  // the smallest number is a float32
  return log_grid(f.integer(kWidth), std::clamp(largest_code(f) - top_exponent(largest, 0), 0, highest_bias));
}

constexpr BlockGrids kBlocks{.size = [](const Format& f) { return f.block(); },
                             .element_bits = [](const Format& f) { return f.integer(kWidth); },
                             .grid = block_grid};

void quantize_block_log(const QuantizeCall& call) {
  call.options.mode == Mode::mase ? quantize_mase(call) : round_blocks(call, kBlocks);
}

ValueRange range(const Format& f) { return symmetric_range(log_grid(f.integer(kWidth), 0)); }

double bits(const Format& f, const engine::Shape& shape) {
  return bits_with_shared(f, shape, f.block(), f[kBiasWidth]);
}

}  // namespace

extern const FormatKind kBlockLog{
    .name = "block_log",
    .summary = "0 and powers of two, with one exponent bias for a block",
    .example = "block_log(8,e8,[1,16])",
    .rules = kRules,
    .quantize = quantize_block_log,
    .range = range,
    .bits = bits,
    .mase_gap = no_gap,
    .blocks = &kBlocks,
};

}  // namespace ingot::compress
