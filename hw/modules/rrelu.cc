// rtl/rrelu.sv: slopes fixed as at inference, as the lab drew them, or uniform.
#include "compress/integer/ops/slope.h"
#include "hw/modules/module.h"

namespace ingot::hw {

extern const Module kRreluModule;

namespace {

constexpr std::string_view kSources[] = {"requantize.sv", "rrelu.sv"};

int mode(const Layer& node) {
  const auto* const random = node.as<compress::RandomSlope>();
  return random == nullptr ? 0 : random->is_lab ? 1 : 2;
}

bool serves(const Layer& node) { return node.kind().name == "rrelu" || mode(node) != 0; }

Emission emit(const Layer& node) {
  Emission emission;
  add_streams(emission, node);
  emission.instances = {{.module = "rrelu",
                         .name = node.name() + "_inst",
                         .parameters = {{"LANES", node.name() + "_DATA_IN_0_PARALLELISM_DIM_0"},
                                        {"WIDTH", node.name() + "_DATA_IN_0_PRECISION_0"},
                                        {"MODE", std::to_string(mode(node))},
                                        {"ROUNDING", verilog_rounding(*node.output().rounding)}}}};
  if (mode(node) != 0) {
    emission.verilog_parameters.emplace_back("SEED", std::to_string(node.as<compress::RandomSlope>()->seed));
    emission.instances[0].parameters.emplace_back("SEED", node.name() + "_SEED");
  }
  return emission;
}

Cost estimate(const Layer& node, Target, bool) {
  return {.lut = 2 * static_cast<double>(node.parallelism().in * node.output().width)};
}

}  // namespace

const Module kRreluModule{
    .name = "rrelu", .sources = kSources, .has_clock = true, .serves = serves, .emit = emit, .cost = estimate};

}  // namespace ingot::hw
