// What both modules of a Linear layer say of it: linear.cc, constant_linear.cc.
#pragma once

#include "compress/integer/ops/linear.h"
#include "hw/modules/module.h"

namespace ingot::hw {

// Bits of a two's complement number that holds every bias.
int bias_width(const compress::Linear& linear);

// By how many bits the channels' sums are shifted, at most and at least.
struct Shifts {
  int highest, lowest;
};
Shifts shifts_of(const Layer& node);

// The Verilog parameters of its arguments.
void add_linear_parameters(Emission& emission, const Layer& node);

}  // namespace ingot::hw
