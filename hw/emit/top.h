// Writes a graph as Verilog: the top module, and the list of files that it needs beside it.
#pragma once

#include <string>
#include <vector>

#include "hw/graph.h"
#include "hw/modules/verilog.h"

namespace ingot::hw {

// Writes the graph as the module `name`. If the name is not kTopName, the names of the images begin with it, so that
// several modules can lie in one folder. Throws Error where check() does, if the name cannot be a module's, and if a
// layer has no parallelism or no module computes it.
Verilog write_top(const Graph& graph, const std::string& name = kTopName);

}  // namespace ingot::hw
