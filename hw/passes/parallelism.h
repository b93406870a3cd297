// Sets how many elements each layer takes and gives in a cycle: by hand, or chosen for a budget. Where `sharing` is
// given two outputs share a multiplier if those of that target are wide enough (products.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "hw/graph.h"
#include "hw/targets.h"

namespace ingot::hw {

// "4" means 4 in and 4 out in every layer, "4x2" 4 in and 2 out of every Linear; "4,fc2=8x2" makes an exception for the
// layer fc2. "adders" instead of numbers means all of them at once, and adders of constants instead of multipliers
// (products.h). An activation takes what the layer before it gives. Throws Error listing the legal numbers if a number
// does not divide a layer's size, and Error listing the layers if a name is none of them.
void set_parallelism(Graph& graph, std::string_view text, std::optional<Target> sharing = {});

// Chooses, for each layer, the fewest multipliers with which it needs at most `cycles` cycles a vector. Among equals,
// it prefers a choice that needs no adapter after the layer before, then the one with the most equal in and out. Throws
// Error if no choice is fast enough.
void choose_for_cycles(Graph& graph, std::int64_t cycles, std::optional<Target> sharing = {});

// Chooses the fewest cycles that take at most `multipliers` in all layers together. Throws Error naming the smallest
// legal number if even one multiplier a Linear is too many.
void choose_for_multipliers(Graph& graph, std::int64_t multipliers, std::optional<Target> sharing = {});

// Chooses the fewest cycles whose estimated cost the target's device holds; multipliers are shared if it has too few
// otherwise. Throws Error with the numbers if it holds none, and if the target is no device.
void choose_for_target(Graph& graph, Target target);

// Cycles from one vector to the next. A graph is as slow as its slowest layer.
std::int64_t interval(const Graph& graph);
std::int64_t interval(const Layer& layer);

// Multipliers in all Linear layers together, or in one.
std::int64_t multipliers(const Graph& graph);
std::int64_t multipliers(const Layer& layer);

// Products that they make in a cycle: as many, or two a multiplier that is shared.
std::int64_t products(const Graph& graph);
std::int64_t products(const Layer& layer);

}  // namespace ingot::hw
