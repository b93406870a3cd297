// An estimate of what hardware costs, without synthesis: for searches, and to compare with what synthesis finds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hw/graph.h"

namespace ingot::hw {

enum class Target { ice40, ecp5, xilinx };  // as Yosys knows them; xilinx: 7 series
inline constexpr Target kTargets[] = {Target::ice40, Target::ecp5, Target::xilinx};
std::string_view name(Target target);
Target parse_target(std::string_view text);  // Error listing the names

struct Cost {
  double lut = 0, ff = 0, dsp = 0, bram = 0;  // counted as in synthesis/area.h
  std::int64_t cycles = 0;                    // from one vector to the next
};

// A Linear layer described by its shape alone. The estimate is of rtl/linear.sv with random weights in its ROMs.
struct LinearShape {
  std::int64_t n, k;  // outputs, inputs
  int input_width, weight_width, output_width;
  Parallelism parallelism;   // divides k and n
  bool per_channel = false;  // the channels' weights differ in fraction bits: their sums are shifted to align
};

// Estimates one layer: a sum of features of the shape, with coefficients fitted to real syntheses (docs/hardware).
// `dsp` false builds products of logic, as --no-dsp does. On ice40 products are always logic: HX parts have no
// multipliers. Errors on shapes left out of the fit:
//
//                          LUT, mean                      LUT, worst   FF, mean
//   with multipliers       7% (xilinx, ice40), 8% (ecp5)  24%          6% to 7%
//   without multipliers    9% (xilinx), 16% (ecp5)        39%
Cost cost(const LinearShape& shape, Target target, bool dsp = true);

// Estimates layers in a chain: the sum of their areas, and the cycles of the slowest.
Cost cost(const std::vector<LinearShape>& layers, Target target, bool dsp = true);
Cost cost(const Graph& graph, Target target, bool dsp = true);

// True if the table of an activation becomes logic instead of block RAM, which Yosys 0.23 prefers for small tables. Two
// lanes share a memory. ROMs of Linear layers need no such rule: Image::is_small() decides.
bool is_logic_table(std::int64_t words, int width, std::int64_t lanes, Target target);

LinearShape shape_of(const Layer& linear);

// The features whose weighted sums are Cost::lut and Cost::ff: for fitting the coefficients.
std::vector<double> lut_features(const LinearShape& shape, Target target, bool dsp = true);
std::vector<double> ff_features(const LinearShape& shape, Target target, bool dsp = true);

}  // namespace ingot::hw
