// mx(ELEMENT): the formats of OCP Microscaling Formats (MX) Specification v1.0: 32 neighbours of the last dimension
// share a scale 2^s of 8 bits (E8M0), -127 <= s <= 127. Section 6.3 chooses s = floor(log2 max|x|) - emax, where emax
// is the largest exponent of the element's format; elements saturate.
#include <algorithm>

#include "compress/formats/blocks.h"
#include "compress/formats/minifloat.h"

namespace ingot::compress {
namespace {

enum { kElement, kBlock };

constexpr const char* kElements[] = {"int8", "fp8_e4m3", "fp8_e5m2", "fp6_e2m3", "fp6_e3m2", "fp4_e2m1"};

// Tables 1 to 5. The largest numbers of the 8-bit ones leave out what is NaN and infinity there. int8 counts in steps
// of 1/64, and -2 stays unused, as the specification allows, so that both signs reach equally far.
struct Element {
  int bits, emax;
  FloatGrid grid;
};
constexpr Element kTable[] = {
    {8, 0, {6, 0, 127.0 / 64}}, {8, 8, {3, -6, 448}}, {8, 15, {2, -14, 57344}},
    {6, 2, {3, 0, 7.5}},        {6, 4, {2, -2, 28}},  {4, 2, {1, 0, 6}},
};

constexpr ParameterRule kRules[] = {
    {.name = "element", .type = ParameterRule::Type::word, .words = kElements, .always_printed = true},
    {.name = "block_size", .lowest = 1, .highest = 65536, .default_value = [](const Format&) { return 32.0; }},
};

const Element& element(const Format& f) { return kTable[f.integer(kElement)]; }

BlockSize block(const Format& f) { return {{1, 1, 1, f.integer(kBlock)}, 4}; }

FloatGrid block_grid(const Format& f, double largest) {
  const Element& e = element(f);
  return scaled(e.grid, std::clamp(exponent_of(largest) - e.emax, -127, 127));
}

constexpr BlockGrids kBlocks{
    .size = block, .element_bits = [](const Format& f) { return element(f).bits; }, .grid = block_grid};

void quantize_mx(const QuantizeCall& call) { round_blocks(call, kBlocks); }

ValueRange range(const Format& f) { return symmetric_range(scaled(element(f).grid, 127 - element(f).emax)); }

double bits(const Format& f, const engine::Shape& shape) {
  const auto n_blocks = static_cast<double>(Blocks(shape, block(f), false).count());
  return element(f).bits + 8.0 * n_blocks / static_cast<double>(std::max<std::int64_t>(1, shape.size()));
}

const char* mase_gap(const Format&) { return "has no mx"; }

}  // namespace

extern const FormatKind kMx{
    .name = "mx",
    .summary = "OCP Microscaling: 32 small floats or integers share a scale of 8 bits",
    .example = "mx(fp4_e2m1)",
    .rules = kRules,
    .quantize = quantize_mx,
    .range = range,
    .bits = bits,
    .mase_gap = mase_gap,
    .blocks = &kBlocks,
};

}  // namespace ingot::compress
