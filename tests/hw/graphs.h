// Graphs that tests draw.
#pragma once

#include <string>

#include "engine/base/rng.h"
#include "hw/graph/functions.h"
#include "hw/graph/graph.h"

namespace ingot::test {

inline hw::FixedPoint fixed(int width, int frac_bits, engine::Rounding rounding = engine::Rounding::nearest_even) {
  return {.width = width, .frac_bits = frac_bits, .is_signed = true, .rounding = rounding};
}

inline std::int64_t draw_code(engine::Rng& rng, int width) {
  const engine::CodeRange range = engine::code_range(width, true);
  return range.lowest +
         static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(range.highest - range.lowest + 1)));
}

// Random weights of all codes; fraction bits by channel when `per_channel`.
inline hw::Node linear_node(engine::Rng& rng, const std::string& name, std::int64_t k, std::int64_t n,
                            const hw::FixedPoint& input, const hw::FixedPoint& output, int weight_width = 8,
                            bool per_channel = false) {
  hw::Linear linear{.n = n, .k = k, .weight_width = weight_width};
  for (std::int64_t j = 0; j < n; ++j) {
    linear.weight_frac_bits.push_back(weight_width - 2 + (per_channel ? static_cast<int>(rng.below(4)) : 0));
    linear.bias.push_back(draw_code(rng, input.width + weight_width - 2));
    for (std::int64_t p = 0; p < k; ++p)
      linear.weights.push_back(static_cast<std::int32_t>(draw_code(rng, weight_width)));
  }
  return {.name = name, .input = input, .output = output, .n_in = k, .n_out = n, .layer = std::move(linear)};
}

inline hw::Node activation_node(const std::string& name, const std::string& function, std::int64_t n,
                                const hw::FixedPoint& input, const hw::FixedPoint& output) {
  hw::Activation activation{.function = function};
  switch (hw::function(activation).kind) {
    case hw::FunctionKind::table:
      activation.table = hw::make_table(hw::function(activation).engine_activation, input, output);
      break;
    case hw::FunctionKind::slope:
      activation.slope = hw::kEvalSlope;
      activation.slope_frac_bits = hw::kEvalSlopeFracBits;
      break;
    case hw::FunctionKind::random_lab:
    case hw::FunctionKind::random_uniform:
      activation.seed = 0xAC;
      break;
    case hw::FunctionKind::relu:
      break;
  }
  return {.name = name, .input = input, .output = output, .n_in = n, .n_out = n, .layer = std::move(activation)};
}

// Linear, activation, Linear: k -> n -> m.
inline hw::Graph mlp(engine::Rng& rng, const std::string& function, std::int64_t k, std::int64_t n, std::int64_t m) {
  const hw::FixedPoint x = fixed(8, 4), hidden = fixed(8, 3), y = fixed(9, 2);
  hw::Graph graph{.name = "mlp"};
  graph.nodes.push_back(linear_node(rng, "fc1", k, n, x, hidden, 8, true));
  graph.nodes.push_back(activation_node("act", function, n, hidden, hidden));
  graph.nodes.push_back(linear_node(rng, "fc2", n, m, hidden, y, 6));
  return graph;
}

inline std::vector<std::int32_t> draw_codes(engine::Rng& rng, const hw::FixedPoint& format, std::int64_t n) {
  std::vector<std::int32_t> codes;
  for (std::int64_t i = 0; i < n; ++i) codes.push_back(static_cast<std::int32_t>(draw_code(rng, format.width)));
  return codes;
}

}  // namespace ingot::test
