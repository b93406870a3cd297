// Decides what makes the products of each Linear: multipliers, which layers that take several cycles a vector use again
// and again, one for two products where a chip's are wide enough (rtl/double_product.sv), or adders of constants, which
// take a vector a cycle (modules/constant_linear.cc).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hw/graph.h"
#include "hw/targets.h"

namespace ingot::hw {

// Logic of a chip that a multiplier is counted as: an XC7A100T has 63,400 LUTs and 240 DSPs. Larger on other chips: 536
// on an LFE5U-85F, 660 on an iCE40 UP5K.
inline constexpr double kLutsOfMultiplier = 264;

// Takes adders for the node: all inputs and outputs at once. Throws Error if it is no Linear.
void use_adders(const Graph& graph, Node& node);

// Takes adders for each Linear of which all inputs and outputs meet in a cycle anyway, if the estimate for Xilinx 7
// says that they are smaller.
void choose_products(Graph& graph);

// Lets two outputs share a multiplier in each Linear of multipliers whose widths and lanes allow it on the target.
void share_multipliers(Graph& graph, Target target);

// What products a cycle are made by, for people: "multipliers", or "product units" where two products share one.
std::string_view product_units(const Graph& graph);

// A sentence for each Linear: what makes its products, and why not the other.
std::vector<std::string> reasons(const Graph& graph);

}  // namespace ingot::hw
