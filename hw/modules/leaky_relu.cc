// rtl/leaky_relu.sv
#include "compress/integer/ops/slope.h"
#include "hw/modules/module.h"

namespace ingot::hw {

extern const Module kLeakyReluModule;

namespace {

constexpr std::string_view kSources[] = {"requantize.sv", "leaky_relu.sv"};

bool serves(const Layer& node) { return node.kind().name == "leaky_relu"; }

Emission emit(const Layer& node) {
  const compress::Slope& slope = *node.as<compress::Slope>();
  Emission emission;
  add_streams(emission, node);
  emission.verilog_parameters.emplace_back("NEGATIVE_SLOPE_PRECISION_1", std::to_string(slope.frac_bits));
  emission.verilog_parameters.emplace_back("NEGATIVE_SLOPE_VALUE", std::to_string(slope.slope));
  emission.instances = {{.module = "leaky_relu",
                         .name = node.name() + "_inst",
                         .parameters = {{"LANES", node.name() + "_DATA_IN_0_PARALLELISM_DIM_0"},
                                        {"WIDTH", node.name() + "_DATA_IN_0_PRECISION_0"},
                                        {"SLOPE", node.name() + "_NEGATIVE_SLOPE_VALUE"},
                                        {"SLOPE_FRAC", node.name() + "_NEGATIVE_SLOPE_PRECISION_1"},
                                        {"ROUNDING", verilog_rounding(*node.output().rounding)}}}};
  return emission;
}

Cost estimate(const Layer& node, Target, bool) {
  return {.lut = 2 * static_cast<double>(node.parallelism().in * node.output().width)};
}

}  // namespace

const Module kLeakyReluModule{
    .name = "leaky_relu", .sources = kSources, .has_clock = false, .serves = serves, .emit = emit, .cost = estimate};

}  // namespace ingot::hw
