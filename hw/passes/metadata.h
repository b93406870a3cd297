// What is known of a graph before it is built: common, software and hardware metadata, as MASE's passes add it.
#pragma once

#include <string>

#include "engine/io/json.h"
#include "hw/graph/graph.h"

namespace ingot::hw {

// Of the graph and of each layer: what it is (common), what it costs in numbers (software), and, once its parallelism
// is chosen, its tool-chain, module, Verilog parameters and where each of its parameters is stored (hardware).
engine::Json metadata(const Graph& graph);

// The same as tables for a terminal.
std::string metadata_table(const engine::Json& metadata);

}  // namespace ingot::hw
