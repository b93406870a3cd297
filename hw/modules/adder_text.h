// An AdderGraph as Verilog: a pipeline of additions, with a register after every few of them.
#pragma once

#include <string>
#include <vector>

#include "hw/modules/adder_graph.h"

namespace ingot::hw {

// Levels of adders between two registers.
inline constexpr int kLevelsPerStage = 2;

// The registers that a value passes from the inputs to the outputs. What follows the outputs, rounding and saturation,
// takes the time of a level.
int n_stages(const AdderGraph& graph);

// Bits of all registers.
std::int64_t register_bits(const AdderGraph& graph);

// What the Verilog reads and names.
struct AdderNames {
  std::string prefix;     // of all names it declares
  std::string x, enable;  // inputs side by side, of input_width bits each; the clock enable
  std::string sums;       // what it declares and assigns: outputs side by side, of sum_width bits each
  int input_width, sum_width;
  bool is_signed;         // the inputs
  std::vector<int> left;  // [outputs] by how many bits each is shifted to the left, too
};

// Its lines, for a module with clk and rst.
std::vector<std::string> verilog(const AdderGraph& graph, const AdderNames& names);

}  // namespace ingot::hw
