// The metadata of a graph, in the three groups that MASE's passes fill in: common, software and hardware.
#pragma once

#include <string>

#include "engine/io/json.h"
#include "hw/graph.h"

namespace ingot::hw {

// Describes the graph and each layer: operation and formats (common); counts of parameters, operations and bits
// (software); and, once the parallelism is chosen, tool-chain, module, Verilog parameters and the storage of each
// parameter (hardware).
engine::Json metadata(const Graph& graph);

// The result of metadata() as tables for a terminal.
std::string metadata_table(const engine::Json& metadata);

}  // namespace ingot::hw
