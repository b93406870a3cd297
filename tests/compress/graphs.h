// Graphs that tests draw.
#pragma once

#include <string>

#include "compress/integer/operation.h"
#include "compress/integer/ops/linear.h"
#include "compress/integer/ops/slope.h"
#include "compress/integer/ops/table.h"
#include "engine/base/rng.h"

namespace ingot::test {

inline compress::FixedPoint fixed(int width, int frac_bits,
                                  engine::Rounding rounding = engine::Rounding::nearest_even) {
  return {.width = width, .frac_bits = frac_bits, .is_signed = true, .rounding = rounding};
}

inline std::int64_t draw_code(engine::Rng& rng, int width) {
  const engine::CodeRange range = engine::code_range(width, true);
  return range.lowest +
         static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(range.highest - range.lowest + 1)));
}

// A node of a chain with the edges that it takes and gives.
struct ChainNode {
  compress::Node node;
  compress::Edge in, out;
};

inline void push(compress::Graph& graph, const ChainNode& chain_node) {
  append(graph, chain_node.node, chain_node.in, chain_node.out);
}

inline compress::Graph only(const ChainNode& chain_node) {
  compress::Graph graph{.name = "one"};
  push(graph, chain_node);
  return graph;
}

// Random weights of all codes; fraction bits by channel when `per_channel`.
inline ChainNode linear_node(engine::Rng& rng, const std::string& name, std::int64_t k, std::int64_t n,
                             const compress::FixedPoint& input, const compress::FixedPoint& output,
                             int weight_width = 8, bool per_channel = false) {
  compress::Linear linear{.n = n, .k = k, .weight_width = weight_width};
  for (std::int64_t j = 0; j < n; ++j) {
    linear.weight_frac_bits.push_back(weight_width - 2 + (per_channel ? static_cast<int>(rng.below(4)) : 0));
    linear.bias.push_back(draw_code(rng, input.width + weight_width - 2));
    for (std::int64_t p = 0; p < k; ++p)
      linear.weights.push_back(static_cast<std::int32_t>(draw_code(rng, weight_width)));
  }
  return {{.name = name, .kind = &compress::operation("linear"), .data = std::move(linear)}, {input, k}, {output, n}};
}

inline ChainNode activation_node(const std::string& name, const std::string& function, std::int64_t n,
                                 const compress::FixedPoint& input, const compress::FixedPoint& output) {
  const compress::OperationKind& kind = compress::operation(function);
  std::any data;
  if (function == "leaky_relu" || function == "rrelu") {
    data = compress::Slope{compress::kEvalSlope, compress::kEvalSlopeFracBits};
  } else if (function == "rrelu_lab" || function == "rrelu_uniform") {
    data = compress::RandomSlope{.is_lab = function == "rrelu_lab", .seed = 0xAC};
  } else if (function != "relu") {
    data = compress::Table{compress::make_table(engine::activation_from_name(function), input, output)};
  }
  return {{.name = name, .kind = &kind, .data = std::move(data)}, {input, n}, {output, n}};
}

// Linear, activation, Linear: k -> n -> m.
inline compress::Graph mlp(engine::Rng& rng, const std::string& function, std::int64_t k, std::int64_t n,
                           std::int64_t m) {
  const compress::FixedPoint x = fixed(8, 4), hidden = fixed(8, 3), y = fixed(9, 2);
  compress::Graph graph{.name = "mlp"};
  push(graph, linear_node(rng, "fc1", k, n, x, hidden, 8, true));
  push(graph, activation_node("act", function, n, hidden, hidden));
  push(graph, linear_node(rng, "fc2", n, m, hidden, y, 6));
  return graph;
}

inline std::vector<std::int32_t> draw_codes(engine::Rng& rng, const compress::FixedPoint& format, std::int64_t n) {
  std::vector<std::int32_t> codes;
  for (std::int64_t i = 0; i < n; ++i) codes.push_back(static_cast<std::int32_t>(draw_code(rng, format.width)));
  return codes;
}

}  // namespace ingot::test
