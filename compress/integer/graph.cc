#include "compress/integer/graph.h"

#include <algorithm>
#include <set>

#include "compress/integer/names.h"
#include "compress/integer/operation.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;

constexpr int kMaxWidth = 32;  // of codes on edges

// Edges that exist, each given once and read only after that.
void check_edges(const Graph& graph) {
  std::vector<bool> is_given(graph.edges.size());
  const auto give = [&](const std::vector<std::size_t>& edges, const std::string& where) {
    for (const std::size_t edge : edges) {
      require(edge < graph.edges.size(), "{}: gives edge {}, and there are {}", where, edge, graph.edges.size());
      require(!is_given[edge], "{}: gives edge {}, which is given before", where, edge);
      is_given[edge] = true;
    }
  };
  const auto read = [&](const std::vector<std::size_t>& edges, const std::string& where) {
    for (const std::size_t edge : edges)
      require(edge < graph.edges.size() && is_given[edge], "{}: reads edge {}, which nothing before it gives", where,
              edge);
  };
  give(graph.inputs, graph.name);
  for (const Node& node : graph.nodes) {
    const std::string where = graph.name + ": " + node.name;
    require(!node.inputs.empty() && !node.outputs.empty(), "{}: needs an input and an output", where);
    read(node.inputs, where);
    give(node.outputs, where);
  }
  read(graph.outputs, graph.name);
  require(!graph.inputs.empty() && !graph.outputs.empty(), "{}: needs an input and an output", graph.name);
}

// Rows of tokens and rows of texts do not meet in a node, and what looks at texts reads rows of tokens.
void check_rows(const Graph& graph) {
  std::vector<bool> is_of_texts(graph.edges.size());
  for (const Node& node : graph.nodes) {
    const bool of_texts = is_of_texts[node.inputs.front()];
    const std::string where = graph.name + ": " + node.name;
    for (const std::size_t edge : node.inputs)
      require(is_of_texts[edge] == of_texts, "{}: reads a row a text and a row a token", where);
    require(!of_texts || node.kind->scope == Scope::row, "{}: looks at the rows of a text, and reads one a text",
            where);
    for (const std::size_t edge : node.outputs) is_of_texts[edge] = of_texts || node.kind->scope == Scope::summary;
  }
}

void check_format(const std::string& where, const char* which, const FixedPoint& format) {
  require(format.width <= kMaxWidth, "{}: its {} must have at most {} bits, got {}", where, which, kMaxWidth,
          format.width);
  require(format.is_signed || format.width < kMaxWidth, "{}: its {} must have at most {} bits without a sign, got {}",
          where, which, kMaxWidth - 1, format.width);
  require(format.rounding.has_value(), "{}: its {} must not be rounded at random", where, which);
}

void check_parallelism(const std::string& where, const Layer& layer) {
  const auto [in, out] = layer.parallelism();
  if (in == 0 && out == 0) return;
  require(in > 0 && layer.n_in() % in == 0, "{}: its {} inputs do not divide into beats of {}", where, layer.n_in(),
          in);
  require(out > 0 && layer.n_out() % out == 0, "{}: its {} outputs do not divide into beats of {}", where,
          layer.n_out(), out);
}

void check_layer(const std::string& where, const Layer& layer) {
  for (std::size_t i = 0; i < layer.n_inputs(); ++i) check_format(where, "input", layer.in(i).format);
  for (std::size_t i = 0; i < layer.n_outputs(); ++i) check_format(where, "output", layer.out(i).format);
  for (const std::int64_t size : {layer.n_in(), layer.n_out()})
    require(size >= 1 && size <= kMaxRow, "{}: sizes must be between 1 and {}, got {} and {}", where, kMaxRow,
            layer.n_in(), layer.n_out());
  const OperationKind& kind = layer.kind();
  require(layer.n_inputs() == kind.n_inputs && layer.n_outputs() == kind.n_outputs,
          "{}: {} reads {} edges and gives {}, got {} and {}", where, kind.name, kind.n_inputs, kind.n_outputs,
          layer.n_inputs(), layer.n_outputs());
  kind.check(where, layer);
  check_parallelism(where, layer);
}

}  // namespace

std::vector<Layer> layers(const Graph& graph) {
  std::vector<Layer> all;
  for (const Node& node : graph.nodes) all.emplace_back(graph, node);
  return all;
}

std::size_t add_input(Graph& graph, const Edge& edge) {
  graph.edges.push_back(edge);
  graph.inputs.push_back(graph.edges.size() - 1);
  return graph.inputs.back();
}

std::size_t add_node(Graph& graph, Node node, const std::vector<std::size_t>& inputs,
                     const std::vector<Edge>& outputs) {
  node.inputs = inputs;
  node.outputs.clear();
  for (const Edge& edge : outputs) {
    node.outputs.push_back(graph.edges.size());
    graph.edges.push_back(edge);
  }
  graph.outputs = node.outputs;
  graph.nodes.push_back(std::move(node));
  return graph.outputs.front();
}

void append(Graph& graph, Node node, const Edge& first, const Edge& output) {
  const std::size_t from = graph.nodes.empty() ? add_input(graph, first) : graph.outputs.front();
  add_node(graph, std::move(node), {from}, {output});
}

bool is_chain(const Graph& graph) {
  if (graph.inputs.size() != 1) return false;
  const std::vector<std::size_t>* before = &graph.inputs;
  for (const Node& node : graph.nodes) {
    if (node.inputs != *before || node.outputs.size() != 1) return false;
    before = &node.outputs;
  }
  return graph.outputs == *before;
}

bool same_codes(const FixedPoint& a, const FixedPoint& b) {
  return a.width == b.width && a.frac_bits == b.frac_bits && a.is_signed == b.is_signed;
}

void check(const Graph& graph) {
  check_plain("graph", graph.name);
  require(!graph.nodes.empty(), "{}: has no layers", graph.name);
  require(graph.nodes.size() <= kMaxLayers, "{}: must have at most {} layers, got {}", graph.name, kMaxLayers,
          graph.nodes.size());
  std::set<std::string> names;
  for (const Node& node : graph.nodes) {
    check_layer_name(graph.name, node.name);
    require(names.insert(node.name).second, "{}: {}: two layers have that name", graph.name, node.name);
  }
  check_edges(graph);
  check_rows(graph);
  for (const Layer& layer : layers(graph)) check_layer(graph.name + ": " + layer.name(), layer);
}

void check_elementwise(const std::string& where, const Layer& layer) {
  require(layer.n_in() == layer.n_out(), "{}: gives as many numbers as it takes, not {} for {}", where, layer.n_out(),
          layer.n_in());
  const auto [in, out] = layer.parallelism();
  require(in == out, "{}: an activation gives as many numbers a beat as it takes, not {}x{}", where, in, out);
}

void check_keeps_format(const std::string& where, const Layer& layer) {
  check_elementwise(where, layer);
  require(same_codes(layer.input(), layer.output()), "{}: {} keeps its format, got {} and {}", where, layer.kind().name,
          to_string(layer.input()), to_string(layer.output()));
  require(layer.input().is_signed, "{}: {} is about negative numbers, which {} lacks", where, layer.kind().name,
          to_string(layer.input()));
}

}  // namespace ingot::compress
