// Graphs of whole encoders with random numbers in formats of any width.
#pragma once

#include <bit>
#include <string>
#include <vector>

#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/embedding.h"
#include "compress/integer/ops/layer_norm.h"
#include "tests/compress/encoder.h"

namespace ingot::test {

struct EncoderShape {
  std::int64_t hidden = 8, heads = 2, inner = 12, layers = 2, longest = 9, vocabulary = 20, types = 2, outputs = 3;
  int activations = 8, weights = 8, embeddings = 8, residual = 16;
  engine::Rounding rounding = engine::Rounding::nearest_even;
  bool has_root_table = false, has_line_table = false;
  std::string activation = "gelu";
  std::string summary = "mean";  // "": a row a token
  bool takes_rows = false;       // layers alone
};

class RandomEncoder {
 public:
  RandomEncoder(const EncoderShape& shape, std::uint64_t seed) : shape_(shape), rng_(seed) {}

  compress::Graph graph() {
    std::size_t x = shape_.takes_rows ? compress::add_input(graph_, {between(2), shape_.hidden})
                                      : norm("embeddings_norm", embedding());
    for (std::int64_t i = 0; i < shape_.layers; ++i) x = layer("layer_" + std::to_string(i) + "_", x);
    if (shape_.takes_rows) {
      compress::check(graph_);
      return std::move(graph_);
    }
    if (!shape_.summary.empty())
      x = add({.name = "summary", .kind = &compress::operation(shape_.summary)}, {x}, between(1), shape_.hidden);
    linear("outputs", x, {32, 20, true, shape_.rounding}, shape_.outputs);
    compress::check(graph_);
    return std::move(graph_);
  }

 private:
  compress::FixedPoint between(int whole) const {
    return fixed(shape_.activations, shape_.activations - 1 - whole, shape_.rounding);
  }

  std::size_t add(compress::Node node, const std::vector<std::size_t>& inputs, const compress::FixedPoint& format,
                  std::int64_t size) {
    return compress::add_node(graph_, std::move(node), inputs, {{format, size}});
  }

  // -1 and 1 for a width of 1.
  std::int32_t code(int width) {
    if (width == 1) return rng_.below(2) == 0 ? -1 : 1;
    return static_cast<std::int32_t>(draw_code(rng_, width));
  }

  compress::EmbeddingRows rows(std::int64_t n, int width) {
    compress::EmbeddingRows rows{.n = n, .width = width};
    for (std::int64_t r = 0; r < n; ++r) rows.shifts.push_back(static_cast<int>(rng_.below(4)));
    for (std::int64_t i = 0; i < n * shape_.hidden; ++i) rows.codes.push_back(code(width));
    return rows;
  }

  std::size_t embedding() {
    const auto width = [](std::int64_t n) { return std::bit_width(static_cast<std::uint64_t>(n - 1)); };
    const std::size_t ids = compress::add_input(graph_, {ufixed(width(shape_.vocabulary), 0), 1}),
                      types = compress::add_input(graph_, {ufixed(width(shape_.types), 0), 1});
    compress::EmbeddingSum sum{rows(shape_.vocabulary, shape_.embeddings), rows(shape_.longest, shape_.embeddings),
                               rows(shape_.types, shape_.embeddings)};
    const int bits = compress::signed_bits(compress::sum_bound(sum, shape_.hidden));
    return add({.name = "embeddings", .kind = &compress::operation("embedding"), .data = std::move(sum)}, {ids, types},
               fixed(bits, bits - 2), shape_.hidden);
  }

  std::size_t norm(const std::string& name, std::size_t x) {
    compress::LayerNorm norm{.gamma_frac_bits = 8, .beta_frac_bits = 6};
    for (std::int64_t i = 0; i < shape_.hidden; ++i) {
      norm.gamma.push_back(static_cast<std::int32_t>(draw_between(rng_, -100, 300)));
      norm.beta.push_back(static_cast<std::int32_t>(draw_between(rng_, -40, 40)));
    }
    norm.epsilon = compress::norm_epsilon(1e-5, shape_.hidden, graph_.edges[x].format.frac_bits);
    if (shape_.has_root_table) norm.root_table = compress::make_root_table();
    return add({.name = name, .kind = &compress::operation("layer_norm"), .data = std::move(norm)}, {x}, between(2),
               shape_.hidden);
  }

  std::size_t linear(const std::string& name, std::size_t x, const compress::FixedPoint& output, std::int64_t n) {
    const std::int64_t k = graph_.edges[x].size;
    compress::Linear linear{.n = n, .k = k, .weight_width = std::max(2, shape_.weights)};
    for (std::int64_t j = 0; j < n; ++j) {
      linear.weight_frac_bits.push_back(shape_.weights + static_cast<int>(rng_.below(3)));
      linear.bias.push_back(draw_code(rng_, shape_.activations + shape_.weights - 2));
    }
    for (std::int64_t i = 0; i < n * k; ++i) linear.weights.push_back(code(shape_.weights));
    return add({.name = name, .kind = &compress::operation("linear"), .data = std::move(linear)}, {x}, output, n);
  }

  std::size_t attention(const std::string& name, std::size_t x) {
    // Queries come first in the graph: keys and values must still be computed before them.
    const std::size_t q = linear(name + "query", x, between(2), shape_.hidden),
                      k = linear(name + "key", x, between(2), shape_.hidden),
                      v = linear(name + "value", x, between(2), shape_.hidden);
    compress::Attention a{.n_heads = shape_.heads, .longest = shape_.longest};
    const int bits = graph_.edges[q].format.frac_bits + graph_.edges[k].format.frac_bits;
    compress::set_scale(a, shape_.hidden / shape_.heads, bits, 6);
    a.exponentials = shape_.has_line_table ? compress::line_table(16, 6) : compress::exponential_table(16, 6);
    return add({.name = name + "attention", .kind = &compress::operation("attention"), .data = std::move(a)}, {q, k, v},
               between(1), shape_.hidden);
  }

  std::size_t sum(const std::string& name, std::size_t x, std::size_t y) {
    const compress::FixedPoint &a = graph_.edges[x].format, &b = graph_.edges[y].format;
    const int bits = std::max(a.frac_bits, b.frac_bits),
              width = std::max(a.width + bits - a.frac_bits, b.width + bits - b.frac_bits) + 1;
    return add({.name = name, .kind = &compress::operation("add")}, {x, y}, fixed(width, bits), shape_.hidden);
  }

  std::size_t layer(const std::string& name, std::size_t x) {
    const compress::FixedPoint residual = fixed(shape_.residual, shape_.residual - 4, shape_.rounding);
    const std::size_t context = linear(name + "context", attention(name, x), residual, shape_.hidden),
                      attended = norm(name + "attention_norm", sum(name + "attended", context, x)),
                      inner = linear(name + "inner", attended, between(1), shape_.inner);
    ChainNode node = activation_node(name + "activation", shape_.activation, shape_.inner, between(1), between(1));
    const std::size_t active = add(std::move(node.node), {inner}, between(1), shape_.inner);
    return norm(name + "norm", sum(name + "sum", linear(name + "outer", active, residual, shape_.hidden), attended));
  }

  EncoderShape shape_;
  engine::Rng rng_;
  compress::Graph graph_{.name = "encoder"};
};

}  // namespace ingot::test
