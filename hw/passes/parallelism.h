// How many elements each layer takes and gives at once: by hand, or chosen for a budget.
#pragma once

#include <cstdint>
#include <string_view>

#include "hw/graph/graph.h"

namespace ingot::hw {

// "4": that many in and out everywhere; "4x2": 4 in, 2 out of every Linear; "4,fc2=8x2": another one for a layer.
// Activations take what the layer before them gives. Throws Error with the legal numbers for one that does not divide
// a layer's size, and for a name that is no layer.
void set_parallelism(Graph& graph, std::string_view text);

// The fewest multipliers with which no layer needs more than `cycles` cycles a vector; of these, one that needs no
// adapter between layers, then the most even one. Throws Error naming the smallest legal number if no choice does.
void choose_for_cycles(Graph& graph, std::int64_t cycles);

// The fastest that needs at most `multipliers`, chosen as above. Throws Error naming the smallest legal number.
void choose_for_multipliers(Graph& graph, std::int64_t multipliers);

// Cycles from a vector to the next: that of the slowest layer.
std::int64_t interval(const Graph& graph);
std::int64_t interval(const Node& node);
std::int64_t multipliers(const Graph& graph);

}  // namespace ingot::hw
