// What hardware costs before it is synthesised: for searches, and beside what synthesis then finds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hw/graph/graph.h"

namespace ingot::hw {

enum class Target { ice40, ecp5, xilinx };  // as Yosys knows them; xilinx: 7 series
inline constexpr Target kTargets[] = {Target::ice40, Target::ecp5, Target::xilinx};
std::string_view name(Target target);
Target parse_target(std::string_view text);  // Error listing the names

struct Cost {
  double lut = 0, ff = 0, dsp = 0, bram = 0;  // as area_of() counts them
  std::int64_t cycles = 0;                    // from a vector to the next
};

// A Linear by its shape alone: what rtl/linear.sv costs with ROMs of random weights.
struct LinearShape {
  std::int64_t n, k;  // outputs, inputs
  int input_width, weight_width, output_width;
  Parallelism parallelism;   // divides k and n
  bool per_channel = false;  // weights with fraction bits by channel, whose sums are shifted into line
};

// Linear in features of the shape, with coefficients fitted to real syntheses (docs/hardware). Shapes left out of the
// fit are off by 7% (xilinx, ice40) and 8% (ecp5) in LUT, 6% to 7% in FF in the mean, in LUT by 24% at most; without
// multipliers in LUT by 9% (xilinx) and 16% (ecp5) in the mean, by 39% at most.
// ice40 has no multipliers in this count (HX parts have none).
// `dsp` false: products are logic, as --no-dsp has it.
Cost cost(const LinearShape& shape, Target target, bool dsp = true);

// Of layers one after another: sums, and the cycles of the slowest.
Cost cost(const std::vector<LinearShape>& layers, Target target, bool dsp = true);
Cost cost(const Graph& graph, Target target, bool dsp = true);

// Whether a table of a function becomes logic, which Yosys 0.23 prefers for small ones.
// Two lanes share a memory. (ROMs of Linears say themselves
// what they are.)
bool is_logic_table(std::int64_t words, int width, std::int64_t lanes, Target target);

LinearShape shape_of(const Node& linear);

// What lut and ff are linear in, for fitting.
std::vector<double> lut_features(const LinearShape& shape, Target target, bool dsp = true);
std::vector<double> ff_features(const LinearShape& shape, Target target, bool dsp = true);

}  // namespace ingot::hw
