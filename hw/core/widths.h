// How wide the numbers of a core are.
#pragma once

#include "hw/core/program.h"

namespace ingot::hw {

// Sets the members of `plan` that say widths and shifts; its size is set.
void set_widths(const Encoder& encoder, CorePlan& plan);

// Bits that hold what a Linear whose sums are not rounded gives.
int answer_width(const EncoderLinear& linear);

}  // namespace ingot::hw
