// Turns blocks of a trained fixed-point model into graphs.
#pragma once

#include <string>
#include <vector>

#include "bert/config.h"
#include "compress/integer/graph.h"
#include "compress/lower/program.h"

namespace ingot::compress {

// The names of a classifier's blocks: ffn.0, ffn.1, ... (intermediate Linear, activation, output Linear), pooler
// (Linear and tanh), classifier (Linear), head (pooler and classifier).
std::vector<std::string> block_names(const bert::Config& config);

// The names that the block's Linear layers have in the model, in order. Throws Error for an unknown block.
std::vector<std::string> linears_of(const bert::Config& config, const std::string& block);

// The graph of a block. Its output is, bit for bit, what the fake-quantised model computes there. Throws Error for an
// unknown block. Throws Error with the reason and the remedy if a layer of the block is not in integers from end to
// end.
Graph lower_block(const IntegerProgram& program, const bert::Config& config, const std::string& block);

}  // namespace ingot::compress
