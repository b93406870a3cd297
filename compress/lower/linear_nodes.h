// The nodes of the integer graph that Linears of a model and their activations become.
#pragma once

#include <string>

#include "compress/integer/graph.h"
#include "compress/lower/program.h"

namespace ingot::compress {

// The layer of that name. Throws Error if it is not in integers, with the reason.
const IntegerLinear& find_linear(const IntegerProgram& program, const std::string& name);

// A node named `node` whose bias has the unit of the sums. Throws Error, which names the layer, if its inputs are
// sparse or its bias is not fixed point of that unit.
Node linear_node(const IntegerLinear& layer, const std::string& node);

// The format of its output. Throws Error if that is not fixed point with a rounding.
FixedPoint whole_output(const IntegerLinear& layer);

// From the output of a Linear to what the next one reads: a table, or an operation that keeps its format. The node is
// named after the activation. Throws Error, which names `subject`, if the formats do not allow that.
Node activation_node(engine::Activation activation, const FixedPoint& input, const FixedPoint& output,
                     const std::string& subject);

}  // namespace ingot::compress
