// Linear layers without multipliers: products with constant weights are additions of shifted numbers.
#pragma once

#include "hw/graph.h"
#include "hw/modules/adder_graph.h"

namespace ingot::hw {

// Whether the node is a Linear that is to be built so.
bool is_by_adders(const Layer& node);

// The adders of a Linear. Throws Error if its sums are too large.
AdderGraph adders_of(const Layer& linear);

}  // namespace ingot::hw
