// Fits the cost model (modules/linear_cost.h) to syntheses of Linear layers of many shapes.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/graph.h"
#include "hw/modules/linear_cost.h"

namespace ingot::hw {

// Draws `n` shapes: 4 to 64 inputs, 1 to 64 outputs, 2 to 8 bits, 1 to 8 inputs and 1 to 4 outputs a beat.
std::vector<LinearShape> sweep_shapes(std::int64_t n, std::uint64_t seed);

// A layer of that shape with random weights and biases. Its output takes the middle bits of the sums.
Graph random_layer(const LinearShape& shape, std::uint64_t seed);

// The coefficients c >= 0 that minimise the sum of squared relative errors of c . features[i] against values[i]. Values
// must be positive.
std::vector<double> fit(const std::vector<std::vector<double>>& features, const std::vector<double>& values);

// The relative error of each value when it is predicted from a fit to all the others.
std::vector<double> left_out_errors(const std::vector<std::vector<double>>& features,
                                    const std::vector<double>& values);

}  // namespace ingot::hw
