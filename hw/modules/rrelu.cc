// rtl/rrelu.sv: slopes fixed as at inference, as the lab drew them, or uniform.
#include "hw/graph/functions.h"
#include "hw/modules/module.h"

namespace ingot::hw {

extern const Module kRreluModule;

namespace {

constexpr std::string_view kSources[] = {"requantize.sv", "rrelu.sv"};

int mode(const Node& node) {
  switch (function(*node.activation()).kind) {
    case FunctionKind::random_lab:
      return 1;
    case FunctionKind::random_uniform:
      return 2;
    default:
      return 0;
  }
}

bool serves(const Node& node) {
  return node.activation() != nullptr && (node.activation()->function == "rrelu" || mode(node) != 0);
}

Emission emit(const Node& node) {
  Emission emission;
  add_streams(emission, node);
  emission.instances = {{.module = "rrelu",
                         .name = node.name + "_inst",
                         .parameters = {{"LANES", node.name + "_DATA_IN_0_PARALLELISM_DIM_0"},
                                        {"WIDTH", node.name + "_DATA_IN_0_PRECISION_0"},
                                        {"MODE", std::to_string(mode(node))},
                                        {"ROUNDING", verilog_rounding(*node.output.rounding)}}}};
  if (mode(node) != 0) {
    emission.verilog_parameters.emplace_back("SEED", std::to_string(node.activation()->seed));
    emission.instances[0].parameters.emplace_back("SEED", node.name + "_SEED");
  }
  return emission;
}

}  // namespace

const Module kRreluModule{.name = "rrelu", .sources = kSources, .has_clock = true, .serves = serves, .emit = emit};

}  // namespace ingot::hw
