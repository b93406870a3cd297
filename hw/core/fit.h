// How large a core a chip holds.
#pragma once

#include "hw/core/program.h"
#include "hw/modules/cost.h"

namespace ingot::hw {

// Estimates what a core takes: multipliers and block RAMs from its parts, the rest roughly (fit.cc). Cycles are those
// of the longest text.
Cost core_cost(const Encoder& encoder, const CorePlan& plan, Target target);

// The most products a cycle that fit the target, with PI and PO as equal as they can be. Throws Error with the numbers
// of the smallest core, if even that does not fit.
CoreSize choose_size(const Encoder& encoder, std::int64_t longest, std::int64_t lanes, Target target,
                     bool streams_weights = false);

}  // namespace ingot::hw
