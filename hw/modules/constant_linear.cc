// rtl/constant_linear.sv: matrix and bias as adders of constants (adder_graph.h), a vector a cycle, without
// multipliers.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"
#include "hw/modules/adder_text.h"
#include "hw/modules/constants.h"
#include "hw/modules/linear_parts.h"

namespace ingot::hw {

extern const Module kConstantLinearModule;

namespace {

using engine::require;

constexpr std::string_view kSources[] = {"requantize.sv", "skid_buffer.sv", "constant_linear.sv"};

int sum_width(const Layer& node) {
  const Shifts shifts = shifts_of(node);
  return compress::signed_bits(sum_bound(node)) + shifts.highest - shifts.lowest;
}

AdderNames names_of(const Layer& node) {
  const Shifts shifts = shifts_of(node);
  AdderNames names{.prefix = node.name() + "_n",
                   .x = node.name() + "_x",
                   .enable = node.name() + "_enable",
                   .sums = node.name() + "_sums",
                   .input_width = node.input().width,
                   .sum_width = sum_width(node),
                   .is_signed = node.input().is_signed,
                   .left = {}};
  for (std::int64_t j = 0; j < node.n_out(); ++j) names.left.push_back(shifts.highest - shift(node, j));
  return names;
}

Emission emit(const Layer& node) {
  require(node.parallelism() == Parallelism{node.n_in(), node.n_out()},
          "{}: adders of constants take all {} inputs and give all {} outputs at once, not {} and {}", node.name(),
          node.n_in(), node.n_out(), node.parallelism().in, node.parallelism().out);
  const AdderGraph graph = adders_of(node);
  const AdderNames names = names_of(node);
  Emission emission;
  add_linear_parameters(emission, node);
  const auto of = [&](const char* parameter) { return node.name() + "_" + parameter; };
  emission.instances = {{.module = "constant_linear",
                         .name = node.name() + "_inst",
                         .parameters = {{"IN", of("DATA_IN_0_TENSOR_SIZE_DIM_0")},
                                        {"OUT", of("DATA_OUT_0_TENSOR_SIZE_DIM_0")},
                                        {"IN_WIDTH", of("DATA_IN_0_PRECISION_0")},
                                        {"SUM_WIDTH", std::to_string(names.sum_width)},
                                        {"OUT_WIDTH", of("DATA_OUT_0_PRECISION_0")},
                                        {"OUT_SIGNED", node.output().is_signed ? "1" : "0"},
                                        {"SHIFT", std::to_string(shifts_of(node).highest)},
                                        {"ROUNDING", verilog_rounding(*node.output().rounding)},
                                        {"STAGES", std::to_string(n_stages(graph))}},
                         .ports = {{"enable_o", names.enable}, {"x_o", names.x}, {"sums_i", names.sums}}}};
  emission.wires = {fmt::format("wire {};", names.enable),
                    fmt::format("wire [{}:0] {};", node.n_in() * node.input().width - 1, names.x)};
  const std::vector<std::string> adders = verilog(graph, names);
  emission.wires.insert(emission.wires.end(), adders.begin(), adders.end());
  return emission;
}

// Bits of adders and registers are counted. What an adder takes besides, the ends of its carry chain and what cannot be
// packed with it, is measured on matrices of 4 x 8 to 16 x 16 weights by Yosys 0.23 (docs/hardware); Xilinx counts no
// carries.
Cost cost(const Layer& node, Target target, bool) {
  const AdderGraph graph = adders_of(node);
  const double in_bits = static_cast<double>(node.n_in() * node.input().width),
               out_bits = static_cast<double>(node.n_out() * node.output().width),
               of_an_adder = family(target) == Family::xilinx ? 0 : 7;
  return {.lut = static_cast<double>(graph.bits()) + of_an_adder * static_cast<double>(graph.n_adders()) + in_bits +
                 out_bits,
          .ff = static_cast<double>(register_bits(graph)) + 2 * in_bits + out_bits + n_stages(graph),
          .cycles = 1};
}

}  // namespace

bool is_by_adders(const Layer& node) {
  const compress::Linear* const linear = node.as<compress::Linear>();
  return linear != nullptr && linear->products == compress::Products::adders;
}

AdderGraph adders_of(const Layer& node) {
  const compress::Linear& linear = *node.as<compress::Linear>();
  const engine::CodeRange range = node.input().codes();
  require(sum_bound(node) < std::int64_t{1} << 60, "{}: adders of constants need sums below 2^60", node.name());
  return share_sums({.weights = linear.weights,
                     .bias = linear.bias,
                     .n = static_cast<std::size_t>(linear.n),
                     .k = static_cast<std::size_t>(linear.k),
                     .input = {range.lowest, range.highest}});
}

const Module kConstantLinearModule{.name = "constant_linear",
                                   .sources = kSources,
                                   .has_clock = true,
                                   .is_matrix = true,
                                   .serves = is_by_adders,
                                   .emit = emit,
                                   .cost = cost};

}  // namespace ingot::hw
