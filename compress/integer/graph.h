// The integer graph: what computes in integers alone, in training, on a CPU and in hardware.
//
// A graph is plain data. Edges carry rows of fixed-point codes; a node is an operation on the rows of its edges. Nodes
// stand in an order in which each reads only graph inputs and what nodes before it give, so a walk from the first to
// the last node evaluates the graph (runner.h). What an operation may read, how wide its sums become, how it is written
// as JSON and what it computes stands in one file of ops/; this file knows edges and names only. One description
// serves everyone: lowering proves widths on it, the runner defines the bits, hw/ writes it as Verilog.
//
// A vector is the row that a node takes at a time. A stream carries a vector in beats of `lanes` codes. Element 0 is in
// the first beat and in its lowest bits.
#pragma once

#include <any>
#include <cstdint>
#include <string>
#include <vector>

#include "compress/formats/fixed.h"
#include "engine/io/json.h"

namespace ingot::compress {

struct OperationKind;  // operation.h

// Rows of `size` codes of the format.
struct Edge {
  FixedPoint format;
  std::int64_t size = 0;
};

// The number of elements that a node takes and gives in a beat of hardware. They divide the sizes of its edges. In
// integers it matters to operations that draw a number a beat (ops/rrelu.cc).
struct Parallelism {
  std::int64_t in = 0, out = 0;  // 0: not chosen yet

  friend bool operator==(const Parallelism&, const Parallelism&) = default;
};

struct Node {
  std::string name;  // an identifier (names.h): Verilog parameters and image files begin with it
  const OperationKind* kind = nullptr;
  std::any data{};                               // what the kind needs: weights, a table, ...
  std::vector<std::size_t> inputs{}, outputs{};  // indices of edges
  Parallelism parallelism{};

  template <class Data>
  const Data* as() const {
    return std::any_cast<Data>(&data);
  }
  template <class Data>
  Data* as() {
    return std::any_cast<Data>(&data);
  }
};

struct Graph {
  std::string name;  // plain (names.h)
  std::vector<Edge> edges{};
  std::vector<Node> nodes{};
  std::vector<std::size_t> inputs{}, outputs{};  // edges

  // Formats and sizes of the first input and the first output.
  const FixedPoint& input() const { return edges[inputs.front()].format; }
  const FixedPoint& output() const { return edges[outputs.front()].format; }
  std::int64_t n_in() const { return edges[inputs.front()].size; }
  std::int64_t n_out() const { return edges[outputs.front()].size; }
};

// A node with its edges at hand. Graph and node must outlive it.
class Layer {
 public:
  Layer(const Graph& graph, const Node& node) : graph_(&graph), node_(&node) {}

  const std::string& name() const { return node_->name; }
  const OperationKind& kind() const { return *node_->kind; }
  std::size_t n_inputs() const { return node_->inputs.size(); }
  std::size_t n_outputs() const { return node_->outputs.size(); }
  const Edge& in(std::size_t i = 0) const { return graph_->edges[node_->inputs[i]]; }
  const Edge& out(std::size_t i = 0) const { return graph_->edges[node_->outputs[i]]; }
  const Parallelism& parallelism() const { return node_->parallelism; }
  const Node& node() const { return *node_; }
  template <class Data>
  const Data* as() const {
    return node_->as<Data>();
  }

  // The first input and output edge; most operations have one of each.
  const FixedPoint& input() const { return in().format; }
  const FixedPoint& output() const { return out().format; }
  std::int64_t n_in() const { return in().size; }
  std::int64_t n_out() const { return out().size; }

 private:
  const Graph* graph_;
  const Node* node_;
};

// All nodes in their order.
std::vector<Layer> layers(const Graph& graph);

// Adds an input of the graph; returns its edge.
std::size_t add_input(Graph& graph, const Edge& edge);

// Adds a node behind the others, which reads these edges. It gives new edges, which become the graph's outputs in place
// of those that were. Returns the first of them.
std::size_t add_node(Graph& graph, Node node, const std::vector<std::size_t>& inputs, const std::vector<Edge>& outputs);

// Adds a node that reads what the last one gives, or a new input `first` of the graph if there is none.
void append(Graph& graph, Node node, const Edge& first, const Edge& output);

// Whether each node reads the one output of the one before: what becomes hardware as modules in a row.
bool is_chain(const Graph& graph);

// Input codes and the output codes that belong to them, row-major.
struct Vectors {
  std::int64_t n = 0;
  std::vector<std::int32_t> input, output;  // [n, n_in], [n, n_out]
};

// The limits of a graph. Reading or writing one takes about 100 bytes of memory a weight at most.
inline constexpr std::size_t kMaxLayers = 1024;
inline constexpr std::int64_t kMaxRow = 65536;                      // codes of an edge
inline constexpr std::int64_t kMaxWeights = std::int64_t{1} << 24;  // in all layers together

// Throws Error naming graph and node unless sizes are within the limits, each node reads what comes before it, each
// edge is given once, every operation accepts its edges, and names are valid (names.h) and different.
void check(const Graph& graph);

// The graph as JSON, parallelism included: graph_of(to_json(g), ...) is g. Formats are texts as in compress/formats. A
// node that reads anything but the output of the one before says which: "from": ["in.0", "fc1.0"].
engine::Json to_json(const Graph& graph);
// Reads what to_json writes, and checks it as check() does. Throws Error naming `subject`, the place and the rule.
Graph graph_of(const engine::Json& json, const std::string& subject);

// The format as text: fixed(8,3), ufixed(8,3), fixed(8,3,floor).
std::string to_string(const FixedPoint& format);

// Whether codes of both mean the same numbers; roundings may differ.
bool same_codes(const FixedPoint& a, const FixedPoint& b);

}  // namespace ingot::compress
