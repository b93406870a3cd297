// A graph as Verilog: its module, and what that needs beside it.
#pragma once

#include <string>
#include <vector>

#include "hw/graph/graph.h"
#include "hw/modules/image.h"

namespace ingot::hw {

struct Verilog {
  std::string top;                       // text of NAME.sv
  std::vector<std::string> dependences;  // files of rtl/, a module before those that use it
  std::vector<Image> images;             // to be written as their file()s
};

inline constexpr const char kTopName[] = "top";

// The module `name`; the images of one with a name of its own begin with it, so that those of several lie in one
// folder. Throws Error as check() does, if the name cannot be a module's, and, naming the layer and what can be done
// instead, if a layer has no module or no parallelism.
Verilog write_top(const Graph& graph, const std::string& name = kTopName);

}  // namespace ingot::hw
