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

// As `ingot synth --sweep 20 --target T` found them: docs/hardware/sweep-T.
const Coefficients& coefficients(Target target) {
  static const Coefficients kAll[] = {
      // ice40
      {{0, 5.565, 0, 2.832, 2.142, 0.077, 0.599}, {39.9, 1.139, 2.379, 0.212, 0.044, 0.202, 0}},
      // ecp5
      {{7.475, 3.484, 0.872, 0, 2.023, 1.972, 1.132}, {34.57, 1.046, 2.182, 0.533, 0, 0.231, 1.26}},
      // xilinx
      {{0, 5.367, 0, 1.882, 1.83, 0.31, 1.363}, {39.56, 1.242, 0.751, 0.621, 0.487, 0.426, 0.867}},
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
  double multipliers, beats_in, beats_out, product_bits, sum_bits;
  bool in_dsp;        // products
  double logic_bits;  // of a word of the ROMs that are logic
  double logic_luts;  // one a bit, of which 2^depth can differ
  bool small_weights, small_bias;
};
Derived derived(const LinearShape& s, Target target) {
  const auto [in, out] = s.parallelism;
  const int product = s.input_width + s.weight_width;
  Derived d{.multipliers = static_cast<double>(in * out),
            .beats_in = static_cast<double>(s.k / in),
            .beats_out = static_cast<double>(s.n / out),
            .product_bits = static_cast<double>(product),
            .sum_bits = product + log2_up(s.k)};
  // Yosys leaves products of fewer than 9 bits to logic on xilinx.
  d.in_dsp = target == Target::ecp5 || (target == Target::xilinx && product >= 9);
  d.small_weights = d.beats_in * d.beats_out <= 16;
  d.small_bias = d.beats_out <= 16;
  d.logic_bits = (d.small_weights ? d.multipliers * s.weight_width : 0) +
                 (d.small_bias ? static_cast<double>(out) * d.sum_bits : 0);
  const auto luts = [](bool small, double width, double depth) {
    return small ? std::min(width, std::exp2(depth)) : 0;
  };
  d.logic_luts = luts(d.small_weights, d.multipliers * s.weight_width, d.beats_in * d.beats_out) +
                 luts(d.small_bias, static_cast<double>(out) * d.sum_bits, d.beats_out);
  return d;
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
  const Derived d = derived(s, target);
  const auto out = static_cast<double>(s.parallelism.out), in = static_cast<double>(s.parallelism.in);
  const double bank_words = 2 * std::exp2(log2_up(s.k / s.parallelism.in));
  return {1,
          log2_up(s.k * s.n),                                             // counters
          out * (in - 1) * (d.product_bits + 1),                          // adders of the trees
          d.in_dsp ? 0 : d.multipliers * s.input_width * s.weight_width,  // products
          out * d.sum_bits * (d.beats_in > 1 ? 1 : 0.5),                  // accumulators and requantisation
          in * s.input_width * std::ceil(bank_words / 16),                // banks of inputs
          d.logic_luts};                                                  // ROMs in logic
}

std::vector<double> ff_features(const LinearShape& s, Target target) {
  const Derived d = derived(s, target);
  const auto out = static_cast<double>(s.parallelism.out), in = static_cast<double>(s.parallelism.in);
  const bool absorbed = d.in_dsp && target == Target::xilinx;
  return {1,
          absorbed ? 0 : d.multipliers * d.product_bits,   // products
          out * std::ceil(in / 4) * (d.product_bits + 2),  // trees, a register after two levels
          out * d.sum_bits,
          out * s.output_width,
          d.logic_bits,
          in * s.input_width};
}

Cost cost(const LinearShape& s, Target target) {
  const Derived d = derived(s, target);
  const Coefficients& c = coefficients(target);
  Cost cost{.lut = dot(c.lut, lut_features(s, target)),
            .ff = dot(c.ff, ff_features(s, target)),
            .dsp = d.in_dsp ? d.multipliers : 0,
            .cycles = static_cast<std::int64_t>(d.beats_in * d.beats_out)};
  if (s.per_channel) {  // a shifter of some bits and a register; as found in blocks of trained models
    cost.lut += 2 * static_cast<double>(s.parallelism.out) * d.sum_bits;
    cost.ff += static_cast<double>(s.parallelism.out) * d.sum_bits;
  }
  if (!d.small_weights) cost.bram = block_rams(d.beats_in * d.beats_out, d.multipliers * s.weight_width, target);
  if (!d.small_bias) cost.bram += block_rams(d.beats_out, static_cast<double>(s.parallelism.out) * d.sum_bits, target);
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
  const std::vector<int>& bits = node.linear()->weight_frac_bits;
  return {.n = node.n_out,
          .k = node.n_in,
          .input_width = node.input.width,
          .weight_width = node.linear()->weight_width,
          .output_width = node.output.width,
          .parallelism = node.parallelism,
          .per_channel = !std::equal(bits.begin() + 1, bits.end(), bits.begin())};
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
      activations.lut += lanes * node.output.width * (node.activation()->function == "relu" ? 0.5 : 2);
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
