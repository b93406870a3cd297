#include "compress/lower/linear_nodes.h"

#include "compress/integer/operation.h"
#include "compress/integer/ops/table.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;

constexpr const char* kAdvice = "`ingot quantize DIR --outputs 8`, or an output in the plan, makes it so";

// The biases, shifted to the fraction bits of the sums. Throws Error where that loses bits.
std::vector<std::int64_t> bias_of(const IntegerLinear& layer) {
  std::vector<std::int64_t> bias;
  for (std::int64_t j = 0; j < layer.linear.n; ++j) {
    const auto at = static_cast<std::size_t>(j);
    const std::int64_t code = layer.bias_codes[at];
    const int left = layer.sum_frac_bits(j) - layer.bias_frac_bits[at];
    const bool exact = code == 0 || (left >= 0 ? left < 31 : left > -32 && code % (std::int64_t{1} << -left) == 0);
    require(exact,
            "{}: bias {} has {} fraction bits, and the sums that it is added to {}; the plan's "
            "bias = \"fixed(24,sums)\" gives it as many",
            layer.name, j, layer.bias_frac_bits[at], layer.sum_frac_bits(j));
    bias.push_back(code == 0 ? 0 : engine::round_shift(code, -left, engine::Rounding::floor));
  }
  return bias;
}

}  // namespace

const IntegerLinear& find_linear(const IntegerProgram& program, const std::string& name) {
  for (const IntegerLinear& layer : program.layers) {
    if (layer.name == name) return layer;
  }
  for (const FloatLinear& layer : program.left)
    require(layer.name != name, "{}: is not in integers: {}; `ingot quantize DIR --outputs 8` makes it so", name,
            layer.reason);
  engine::fail("{}: the model has no such layer", name);
}

Node linear_node(const IntegerLinear& layer, const std::string& node) {
  require(!layer.sparse_input,
          "{}: sets the smallest inputs of each token to 0, which no integer operation does; quantise "
          "a model without sparse inputs",
          layer.name);
  require(layer.bias_format.has_value(), "{}: its bias is not fixed point; {}", layer.name, kAdvice);
  Linear linear = layer.linear;
  linear.bias = bias_of(layer);
  return {.name = node, .kind = &operation("linear"), .data = std::move(linear)};
}

FixedPoint whole_output(const IntegerLinear& layer) {
  require(layer.output.has_value(), "{}: its output is not fixed point; {}", layer.name, kAdvice);
  require(layer.output->rounding.has_value(), "{}: its output is rounded at random; {}", layer.name, kAdvice);
  return *layer.output;
}

Node activation_node(engine::Activation activation, const FixedPoint& input, const FixedPoint& output,
                     const std::string& subject) {
  const std::string name(engine::name(activation));
  Node node{.name = name, .kind = &operation(name)};
  if (activation == engine::Activation::relu) {
    require(input == output,
            "{}: relu keeps its format, but the output is {} and the next input {}; give both "
            "one format in the plan",
            subject, to_string(input), to_string(output));
    return node;
  }
  require(input.width <= kMaxTableWidth,
          "{}: {} takes at most {} bits, the output has {}; --outputs {}, or of integers alone --width {}, is the most",
          subject, name, kMaxTableWidth, input.width, kMaxTableWidth, kMaxTableWidth);
  node.data = Table{make_table(activation, input, output)};
  return node;
}

}  // namespace ingot::compress
