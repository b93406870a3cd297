// The cost model (cost.h) fitted to syntheses of Linear layers of many shapes.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/graph/graph.h"
#include "hw/passes/cost.h"

namespace ingot::hw {

// `n` shapes drawn by the seed: 4 to 64 inputs and outputs, 2 to 8 bits, 1 to 8 elements a beat.
std::vector<LinearShape> sweep_shapes(std::int64_t n, std::uint64_t seed);

// A layer of that shape with random weights, biases and a shift of the middle of its sums.
Graph random_layer(const LinearShape& shape, std::uint64_t seed);

// c >= 0 with the least sum of squared relative errors of c . features to values, which are positive.
std::vector<double> fit(const std::vector<std::vector<double>>& features, const std::vector<double>& values);

// Relative error of each value when it is predicted from a fit to all others.
std::vector<double> left_out_errors(const std::vector<std::vector<double>>& features,
                                    const std::vector<double>& values);

}  // namespace ingot::hw
