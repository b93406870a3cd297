#include "compress/lower/block.h"

#include <fmt/format.h>

#include <algorithm>

#include "bert/structure.h"
#include "compress/integer/ops/linear.h"
#include "compress/lower/linear_nodes.h"
#include "engine/base/error.h"
#include "engine/base/named.h"

namespace ingot::compress {
namespace {

using engine::require;

bert::Block block_of(const bert::Config& config, const std::string& name) {
  const std::vector<bert::Block> blocks = bert::blocks(config);
  return engine::row_named(blocks, name, "block: the model has {}, got '{}'");
}

// Adds a Linear of the model to the chain.
void append_linear(Graph& graph, const IntegerLinear& layer, const std::string& name) {
  Node node = linear_node(layer, name);
  // Within this bound the model's float32 holds every sum exactly and rounds once, as hardware does.
  const std::int64_t bound = sum_bound(*node.as<Linear>(), layer.input);
  require(bound <= std::int64_t{1} << 24,
          "{}: its sums reach {}, more than the 2^24 up to which float32 is exact; "
          "fewer bits of inputs or weights make them smaller",
          layer.name, bound);
  append(graph, std::move(node), {layer.input, layer.linear.k}, {whole_output(layer), layer.linear.n});
}

// Adds what follows a Linear.
void append_activation(Graph& graph, engine::Activation activation, const FixedPoint& output,
                       const std::string& subject) {
  const Edge before = graph.edges[graph.outputs.front()];
  append(graph, activation_node(activation, before.format, output, subject), before, {output, before.size});
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
    append_linear(graph, find_linear(program, part.name), part.role);
    const bool is_last = i + 1 == whole.linears.size();
    if (part.activation == engine::Activation::identity && is_last) continue;
    // The activation gives codes in the format of the layer that reads them.
    const FixedPoint next = find_linear(program, is_last ? whole.reader : whole.linears[i + 1].name).input;
    append_activation(graph, part.activation, next, part.name);
  }
  check(graph);
  return graph;
}

}  // namespace ingot::compress
