#include "hw/graph/graph.h"

#include <algorithm>
#include <set>

#include "compress/lower/program.h"
#include "engine/base/error.h"
#include "hw/graph/functions.h"
#include "hw/names.h"

namespace ingot::hw {
namespace {

using engine::require;

constexpr std::int64_t kMaxSize = 65536;
constexpr std::int64_t kMaxSum = std::int64_t{1} << 62;

void check_size(const Graph& graph) {
  require(graph.nodes.size() <= kMaxLayers, "{}: must have at most {} layers, got {}", graph.name, kMaxLayers,
          graph.nodes.size());
  std::int64_t n_weights = 0;
  for (const Node& node : graph.nodes) n_weights += node.linear() != nullptr ? node.linear()->n * node.linear()->k : 0;
  require(n_weights <= kMaxWeights, "{}: must have at most {} weights in all layers together, got {}", graph.name,
          kMaxWeights, n_weights);
}

void check_format(const std::string& where, const char* which, const FixedPoint& format) {
  require(format.width <= compress::kMaxLoweredWidth, "{}: its {} must have at most {} bits, got {}", where, which,
          compress::kMaxLoweredWidth, format.width);
  require(format.rounding.has_value(), "{}: its {} must not be rounded at random", where, which);
}

bool same_codes(const FixedPoint& a, const FixedPoint& b) {
  return a.width == b.width && a.frac_bits == b.frac_bits && a.is_signed == b.is_signed;
}

void check_linear(const std::string& where, const Node& node) {
  const Linear& linear = *node.linear();
  require(linear.n == node.n_out && linear.k == node.n_in, "{}: is a Linear of {} inputs and {} outputs, not {} and {}",
          where, linear.k, linear.n, node.n_in, node.n_out);
  const auto n = static_cast<std::size_t>(linear.n), k = static_cast<std::size_t>(linear.k);
  require(linear.weight_frac_bits.size() == n && linear.bias.size() == n && linear.weights.size() == n * k,
          "{}: {} outputs and {} inputs need as many fraction bits and biases and {} weights, got {}, {} and {}", where,
          n, k, n * k, linear.weight_frac_bits.size(), linear.bias.size(), linear.weights.size());
  require(linear.weight_width >= 1 && linear.weight_width <= compress::kMaxLoweredWidth,
          "{}: weights must have 1 to {} bits, got {}", where, compress::kMaxLoweredWidth, linear.weight_width);
  const engine::CodeRange range = engine::code_range(linear.weight_width, true);
  for (std::size_t i = 0; i < linear.weights.size(); ++i) {
    const std::int64_t w = linear.weights[i];
    require(w >= range.lowest && w <= range.highest, "{}: weight [{},{}] must be a code of {} bits, got {}", where,
            i / k, i % k, linear.weight_width, w);
  }
  for (const std::int64_t b : linear.bias)
    require(b > -kMaxSum && b < kMaxSum, "{}: a bias must be between -2^62 and 2^62, got {}", where, b);
  // Sums of products alone: at most 2^16 2^16 2^16.
  require(sum_bound(node) < kMaxSum, "{}: its sums must stay below 2^62", where);
}

void check_activation(const std::string& where, const Node& node) {
  const Activation& activation = *node.activation();
  const FunctionKind kind = function(activation).kind;
  require(node.n_in == node.n_out, "{}: gives as many numbers as it takes, not {} for {}", where, node.n_out,
          node.n_in);
  if (kind != FunctionKind::table) {
    require(same_codes(node.input, node.output), "{}: {} keeps its format, got {} and {}", where, activation.function,
            to_string(node.input), to_string(node.output));
    require(activation.table.empty(), "{}: {} has no table", where, activation.function);
    require(node.input.is_signed, "{}: {} is about negative numbers, which {} lacks", where, activation.function,
            to_string(node.input));
    require(kind != FunctionKind::random_lab || (activation.seed >= 1 && activation.seed <= 255),
            "{}: its seed must be between 1 and 255, got {}", where, activation.seed);
    const bool fixed_slope = activation.slope == kEvalSlope && activation.slope_frac_bits == kEvalSlopeFracBits;
    require(activation.function != "rrelu" || fixed_slope, "{}: the slope of rrelu is {} / 2^{}, got {} / 2^{}", where,
            kEvalSlope, kEvalSlopeFracBits, activation.slope, activation.slope_frac_bits);
    return;
  }
  require(node.input.width <= kMaxTableWidth, "{}: a table takes at most {} bits, got {}", where, kMaxTableWidth,
          to_string(node.input));
  const std::size_t size = std::size_t{1} << node.input.width;
  require(activation.table.size() == size, "{}: the table of {} bits must have {} entries, got {}", where,
          node.input.width, size, activation.table.size());
  const engine::CodeRange range = node.output.codes();
  for (const std::int32_t y : activation.table)
    require(y >= range.lowest && y <= range.highest, "{}: table entries must be codes of {}, got {}", where,
            to_string(node.output), y);
}

void check_parallelism(const std::string& where, const Node& node) {
  const auto [in, out] = node.parallelism;
  if (in == 0 && out == 0) return;
  require(in > 0 && node.n_in % in == 0, "{}: its {} inputs do not divide into beats of {}", where, node.n_in, in);
  require(out > 0 && node.n_out % out == 0, "{}: its {} outputs do not divide into beats of {}", where, node.n_out,
          out);
  require(node.linear() != nullptr || in == out,
          "{}: an activation gives as many numbers a beat as it takes, not {}x{}", where, in, out);
}

}  // namespace

int Node::shift(std::int64_t channel) const {
  return input.frac_bits + linear()->weight_frac_bits[static_cast<std::size_t>(channel)] - output.frac_bits;
}

std::int64_t sum_bound(const Node& node) {
  const Linear& linear = *node.linear();
  const engine::CodeRange range = node.input.codes();
  const std::int64_t largest = std::max(-range.lowest, range.highest);
  std::int64_t bound = 0;
  for (std::size_t j = 0; j < linear.bias.size(); ++j) {
    std::int64_t sum = 0;
    const auto k = static_cast<std::size_t>(linear.k);
    for (std::size_t p = 0; p < k; ++p) sum += std::abs(std::int64_t{linear.weights[j * k + p]});
    bound = std::max(bound, std::abs(linear.bias[j]) + largest * sum);
  }
  return bound;
}

void check(const Graph& graph) {
  check_plain("graph", graph.name);
  require(!graph.nodes.empty(), "{}: has no layers", graph.name);
  check_size(graph);
  std::set<std::string> names;
  const Node* before = nullptr;
  for (const Node& node : graph.nodes) {
    check_layer_name(graph.name, node.name);
    const std::string where = graph.name + ": " + node.name;
    require(names.insert(node.name).second, "{}: two layers have that name", where);
    require(node.n_in >= 1 && node.n_in <= kMaxSize && node.n_out >= 1 && node.n_out <= kMaxSize,
            "{}: sizes must be between 1 and {}, got {} and {}", where, kMaxSize, node.n_in, node.n_out);
    check_format(where, "input", node.input);
    check_format(where, "output", node.output);
    if (node.linear() != nullptr) check_linear(where, node);
    if (node.activation() != nullptr) check_activation(where, node);
    check_parallelism(where, node);
    if (before != nullptr) {
      require(before->n_out == node.n_in, "{}: takes {} numbers, {} gives {}", where, node.n_in, before->name,
              before->n_out);
      require(same_codes(before->output, node.input), "{}: takes {}, {} gives {}", where, to_string(node.input),
              before->name, to_string(before->output));
    }
    before = &node;
  }
}

}  // namespace ingot::hw
