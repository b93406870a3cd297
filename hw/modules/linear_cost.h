// An estimate of what rtl/linear.sv costs.
#pragma once

#include <vector>

#include "hw/graph.h"
#include "hw/modules/cost.h"

namespace ingot::hw {

// A Linear layer described by its shape alone. The estimate is of rtl/linear.sv with random weights in its ROMs.
struct LinearShape {
  std::int64_t n, k;  // outputs, inputs
  int input_width, weight_width, output_width;
  Parallelism parallelism;  // divides k and n
  bool input_is_signed = true;
  bool shares_multipliers = false;  // outputs in pairs (rtl/double_product.sv)
  bool per_channel = false;         // the channels' weights differ in fraction bits: their sums are shifted to align
};

// Estimates one layer: a sum of features of the shape, with coefficients fitted to real syntheses (docs/hardware).
// `dsp` false builds products of logic, as --no-dsp does. On ice40 products are always logic: HX parts have no
// multipliers, and of ice40 only up5k has some. Errors on shapes left out of the fit:
//
//                          LUT, mean                      LUT, worst   FF, mean
//   with multipliers       8% (xilinx, ecp5), 5% (ice40)  24%          5% to 8%
//   without multipliers    8% (xilinx), 14% (ecp5)        34%
Cost cost(const LinearShape& shape, Target target, bool dsp = true);

LinearShape shape_of(const Layer& linear);

// True if the products of two outputs with an input fit into one multiplier of the target: it has some, Yosys takes
// them for such products, they are wide enough (rtl/double_product.sv), and outputs come in pairs.
bool can_share_multipliers(const LinearShape& shape, Target target);

// True if the two banks of inputs of `beats` words each are block RAM, as Yosys makes them of more words than 32.
// Weights are block RAM, too, then.
bool keeps_input_in_block_ram(std::int64_t beats);

// The features whose weighted sums are Cost::lut and Cost::ff: for fitting the coefficients.
std::vector<double> lut_features(const LinearShape& shape, Target target, bool dsp = true);
std::vector<double> ff_features(const LinearShape& shape, Target target, bool dsp = true);

}  // namespace ingot::hw
