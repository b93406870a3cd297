// A graph as Verilog: the module `top`, and what it needs beside it.
#pragma once

#include <string>
#include <vector>

#include "hw/graph/graph.h"
#include "hw/modules/image.h"

namespace ingot::hw {

struct Verilog {
  std::string top;                       // text of top.sv
  std::vector<std::string> dependences;  // files of rtl/, a module before those that use it
  std::vector<Image> images;             // to be written as their file()s
};

// Throws Error naming the layer and what can be done instead if a layer has no module or no parallelism.
Verilog write_top(const Graph& graph);

}  // namespace ingot::hw
