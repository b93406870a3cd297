#include "compress/lower/block.h"

#include <fmt/format.h>

#include <algorithm>

#include "bert/structure.h"
#include "compress/integer/ops/linear.h"
#include "compress/integer/ops/table.h"
#include "engine/base/error.h"
#include "engine/base/named.h"

namespace ingot::compress {
namespace {

using engine::require;

bert::Block block_of(const bert::Config& config, const std::string& name) {
  const std::vector<bert::Block> blocks = bert::blocks(config);
  return engine::row_named(blocks, name, "block: the model has {}, got '{}'");
}

const IntegerLinear& find(const IntegerProgram& program, const std::string& name) {
  for (const IntegerLinear& layer : program.layers) {
    if (layer.name == name) return layer;
  }
  for (const FloatLinear& layer : program.left)
    require(layer.name != name, "{}: is not in integers: {}; `ingot quantize DIR --outputs 8` makes it so", name,
            layer.reason);
  engine::fail("{}: the model has no such layer", name);
}

void check_whole(const IntegerLinear& layer) {
  require(!layer.sparse_input,
          "{}: sets the smallest inputs of each token to 0, which no module of rtl/ does; quantise "
          "a model without sparse inputs",
          layer.name);
  const char* advice = "`ingot quantize DIR --outputs 8`, or an output in the plan, makes it so";
  require(layer.output.has_value(), "{}: its output is not fixed point; {}", layer.name, advice);
  require(layer.output->rounding.has_value(), "{}: its output is rounded at random; {}", layer.name, advice);
  require(layer.bias_format.has_value(), "{}: its bias is not fixed point; {}", layer.name, advice);
}

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

// Adds a Linear of the model to the chain.
void append_linear(Graph& graph, const IntegerLinear& layer, const std::string& name) {
  check_whole(layer);
  Linear linear = layer.linear;
  linear.bias = bias_of(layer);
  // Within this bound the model's float32 holds every sum exactly and rounds once, as hardware does.
  const std::int64_t bound = sum_bound(linear, layer.input);
  require(bound <= std::int64_t{1} << 24,
          "{}: its sums reach {}, more than the 2^24 up to which float32 is exact; "
          "fewer bits of inputs or weights make them smaller",
          layer.name, bound);
  append(graph, {.name = name, .kind = &operation("linear"), .data = std::move(linear)}, {layer.input, layer.linear.k},
         {*layer.output, layer.linear.n});
}

// Adds what follows a Linear.
void append_activation(Graph& graph, engine::Activation activation, const FixedPoint& output,
                       const std::string& subject) {
  const Edge before = graph.edges[graph.outputs.front()];
  const std::string name(engine::name(activation));
  Node node{.name = name, .kind = &operation(name)};
  if (activation == engine::Activation::relu) {
    require(before.format == output,
            "{}: relu keeps its format, but the output is {} and the next input {}; give both "
            "one format in the plan",
            subject, to_string(before.format), to_string(output));
  } else {
    require(before.format.width <= kMaxTableWidth,
            "{}: {} takes at most {} bits, the output has {}; --outputs 10 is the "
            "most",
            subject, name, kMaxTableWidth, before.format.width);
    node.data = Table{make_table(activation, before.format, output)};
  }
  append(graph, std::move(node), before, {output, before.size});
}

}  // namespace

std::vector<std::string> block_names(const bert::Config& config) {
  std::vector<std::string> names;
  for (const bert::Block& block : bert::blocks(config)) names.push_back(block.name);
  return names;
}

std::vector<std::string> linears_of(const bert::Config& config, const std::string& block) {
  std::vector<std::string> names;
  for (const bert::Part& linear : block_of(config, block).linears) names.push_back(linear.name);
  return names;
}

Graph lower_block(const IntegerProgram& program, const bert::Config& config, const std::string& block) {
  Graph graph{.name = block};
  const bert::Block whole = block_of(config, block);
  for (std::size_t i = 0; i < whole.linears.size(); ++i) {
    const bert::Part& part = whole.linears[i];
    append_linear(graph, find(program, part.name), part.role);
    const bool is_last = i + 1 == whole.linears.size();
    if (part.activation == engine::Activation::identity && is_last) continue;
    // The activation gives codes in the format of the layer that reads them.
    const FixedPoint next = find(program, is_last ? whole.reader : whole.linears[i + 1].name).input;
    append_activation(graph, part.activation, next, part.name);
  }
  check(graph);
  return graph;
}

}  // namespace ingot::compress
