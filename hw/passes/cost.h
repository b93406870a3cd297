// An estimate of what hardware costs, without synthesis: for searches, and to compare with what synthesis finds.
#pragma once

#include <vector>

#include "hw/graph.h"
#include "hw/modules/linear_cost.h"

namespace ingot::hw {

// Estimates layers in a chain: the sum of their areas, and the cycles of the slowest.
Cost cost(const std::vector<LinearShape>& layers, Target target, bool dsp = true);
Cost cost(const Graph& graph, Target target, bool dsp = true);

}  // namespace ingot::hw
