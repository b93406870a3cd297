// rtl/relu.sv
#include "hw/modules/module.h"

namespace ingot::hw {

extern const Module kReluModule;

namespace {

constexpr std::string_view kSources[] = {"relu.sv"};

bool serves(const Layer& node) { return node.kind().name == "relu"; }

Emission emit(const Layer& node) {
  Emission emission;
  add_streams(emission, node);
  emission.instances = {{.module = "relu",
                         .name = node.name() + "_inst",
                         .parameters = {{"LANES", node.name() + "_DATA_IN_0_PARALLELISM_DIM_0"},
                                        {"WIDTH", node.name() + "_DATA_IN_0_PRECISION_0"}}}};
  return emission;
}

Cost estimate(const Layer& node, Target, bool) {
  return {.lut = 0.5 * static_cast<double>(node.parallelism().in * node.output().width)};
}

}  // namespace

const Module kReluModule{
    .name = "relu", .sources = kSources, .has_clock = false, .serves = serves, .emit = emit, .cost = estimate};

}  // namespace ingot::hw
