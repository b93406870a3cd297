#include "hw/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/base/error.h"
#include "hw/modules/image.h"
#include "hw/passes/parallelism.h"

namespace ingot::hw {
namespace {

struct Coefficients {
  std::vector<double> lut, ff;  // of lut_features, ff_features
};

const Coefficients& coefficients(Target target) {
  static const Coefficients kAll[] = {
      {{100, 1.0, 1.0, 0.5, 0.5, 1.0}, {40, 1.0, 0.5, 1.0}},  // ice40
      {{80, 1.0, 1.0, 0.5, 0.5, 1.0}, {40, 1.0, 0.5, 1.0}},   // ecp5
      {{60, 0.5, 1.0, 0.5, 0.3, 1.0}, {40, 0.5, 0.5, 1.0}},   // xilinx
  };
  return kAll[static_cast<std::size_t>(target)];
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return std::max(sum, 0.0);
}

double log2_up(std::int64_t n) { return std::ceil(std::log2(static_cast<double>(n))); }

struct Derived {
  double multipliers, beats_in, depth, product_bits, sum_bits;
};
Derived derived(const LinearShape& s) {
  const auto [in, out] = s.parallelism;
  const double product = s.input_width + s.weight_width;
  return {.multipliers = static_cast<double>(in * out),
          .beats_in = static_cast<double>(s.k / in),
          .depth = static_cast<double>((s.k / in) * (s.n / out)),
          .product_bits = product,
          .sum_bits = product + log2_up(s.k)};
}

// Block RAMs of a memory: columns of the widest shape that is deep enough.
double block_rams(double depth, double width, Target target) {
  struct Shape {
    double depth, width;
  };
  constexpr Shape kIce40[] = {{256, 16}, {512, 8}, {1024, 4}, {2048, 2}};
  constexpr Shape kEcp5[] = {{512, 36}, {1024, 18}, {2048, 9}, {4096, 4}, {8192, 2}, {16384, 1}};
  constexpr Shape kXilinx[] = {{512, 36}, {1024, 18}, {2048, 9}, {4096, 4}, {8192, 2}, {16384, 1}};
  const std::span<const Shape> shapes = target == Target::ice40  ? std::span<const Shape>(kIce40)
                                        : target == Target::ecp5 ? std::span<const Shape>(kEcp5)
                                                                 : std::span<const Shape>(kXilinx);
  double best = 1e18;
  for (const Shape& s : shapes) best = std::min(best, std::ceil(depth / s.depth) * std::ceil(width / s.width));
  return best;
}

}  // namespace

std::string_view name(Target target) {
  constexpr std::string_view kNames[] = {"ice40", "ecp5", "xilinx"};
  return kNames[static_cast<std::size_t>(target)];
}

Target parse_target(std::string_view text) {
  for (const Target target : kTargets) {
    if (name(target) == text) return target;
  }
  engine::fail("target: must be ice40, ecp5 or xilinx, got '{}'", text);
}

std::vector<double> lut_features(const LinearShape& s, Target target) {
  const Derived d = derived(s);
  const auto lanes_out = static_cast<double>(s.parallelism.out), lanes_in = static_cast<double>(s.parallelism.in);
  const bool small_rom = d.depth <= 16;
  return {1,
          d.multipliers * d.product_bits,                  // adders of the trees
          lanes_out * (d.sum_bits + s.output_width),       // accumulators, requantisation
          lanes_in * s.input_width,                        // banks of inputs
          small_rom ? d.multipliers * s.weight_width : 0,  // weights in logic
          target == Target::ice40 ? d.multipliers * s.input_width * s.weight_width : log2_up(s.k * s.n)};
}

std::vector<double> ff_features(const LinearShape& s, Target) {
  const Derived d = derived(s);
  const auto lanes_out = static_cast<double>(s.parallelism.out), lanes_in = static_cast<double>(s.parallelism.in);
  return {1, d.multipliers * d.product_bits, lanes_in * s.input_width, lanes_out * (d.sum_bits + s.output_width)};
}

Cost cost(const LinearShape& s, Target target) {
  const Derived d = derived(s);
  const Coefficients& c = coefficients(target);
  Cost cost{.lut = dot(c.lut, lut_features(s, target)),
            .ff = dot(c.ff, ff_features(s, target)),
            .cycles = static_cast<std::int64_t>(d.depth)};
  if (target != Target::ice40) cost.dsp = d.multipliers;
  if (d.depth > 16) cost.bram = block_rams(d.depth, d.multipliers * s.weight_width, target);
  return cost;
}

Cost cost(const std::vector<LinearShape>& layers, Target target) {
  Cost sum;
  for (const LinearShape& layer : layers) {
    const Cost one = cost(layer, target);
    sum.lut += one.lut;
    sum.ff += one.ff;
    sum.dsp += one.dsp;
    sum.bram += one.bram;
    sum.cycles = std::max(sum.cycles, one.cycles);
  }
  return sum;
}

LinearShape shape_of(const Node& node) {
  return {.n = node.n_out,
          .k = node.n_in,
          .input_width = node.input.width,
          .weight_width = node.linear()->weight_width,
          .output_width = node.output.width,
          .parallelism = node.parallelism};
}

Cost cost(const Graph& graph, Target target) {
  std::vector<LinearShape> linears;
  Cost activations;
  for (const Node& node : graph.nodes) {
    if (node.linear() != nullptr) {
      linears.push_back(shape_of(node));
      continue;
    }
    const auto lanes = static_cast<double>(node.parallelism.in);
    if (!node.activation()->table.empty()) {  // a memory for two lanes; on ice40, which has one read port, for each
      const double memories = target == Target::ice40 ? lanes : std::ceil(lanes / 2);
      activations.bram += memories * block_rams(std::exp2(node.input.width), node.output.width, target);
      activations.lut += 2;
      activations.ff += 1;
    } else {
      activations.lut += lanes * node.output.width * (node.activation()->function == "relu" ? 1 : 3);
    }
  }
  Cost all = cost(linears, target);
  all.lut += activations.lut;
  all.ff += activations.ff;
  all.bram += activations.bram;
  all.cycles = interval(graph);
  return all;
}

}  // namespace ingot::hw
