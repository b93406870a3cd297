// Blocks of a trained fixed-point model as graphs.
#pragma once

#include <string>
#include <vector>

#include "bert/config.h"
#include "compress/lower/program.h"
#include "hw/graph/graph.h"

namespace ingot::hw {

// The blocks of a classifier: ffn.0, ffn.1, ... (intermediate Linear, activation, output Linear), pooler (with its
// tanh), classifier, head (both).
std::vector<std::string> block_names(const bert::Config& config);

// The names of the block's Linears in the model, in order.
std::vector<std::string> linears_of(const bert::Config& config, const std::string& block);

// The graph whose output is, bit for bit, what the fake-quantised model computes there. Throws Error for an unknown
// block, and for one whose layers are not integers from end to end, naming the reason and what to do about it.
Graph lower_block(const compress::IntegerProgram& program, const bert::Config& config, const std::string& block);

}  // namespace ingot::hw
