// Graphs as JSON, and back.
#include <fmt/format.h>

#include <map>

#include "compress/integer/fields.h"
#include "compress/integer/graph.h"
#include "compress/integer/operation.h"
#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::compress {
namespace {

using engine::Json;
using engine::require;

// "in.0" of a graph input, "fc1.0" of a node's output.
std::vector<std::string> names_of_edges(const Graph& graph) {
  std::vector<std::string> names(graph.edges.size());
  const auto add = [&](const std::string& giver, const std::vector<std::size_t>& edges) {
    for (std::size_t i = 0; i < edges.size(); ++i) names[edges[i]] = fmt::format("{}.{}", giver, i);
  };
  add("in", graph.inputs);
  for (const Node& node : graph.nodes) add(node.name, node.outputs);
  return names;
}

// What one edge says by itself, and several in an array.
template <class Value>
Json one_or_all(const Graph& graph, const std::vector<std::size_t>& edges, const Value& value) {
  if (edges.size() == 1) return value(graph.edges[edges.front()]);
  Json all = Json::array();
  for (const std::size_t edge : edges) all.push_back(value(graph.edges[edge]));
  return all;
}

Json node_json(const Graph& graph, const Node& node, bool reads_last) {
  const auto size = [](const Edge& edge) { return Json(edge.size); };
  const auto format = [](const Edge& edge) { return Json(to_string(edge.format)); };
  Json object{{"name", node.name},
              {"type", node.kind->name},
              {"inputs", one_or_all(graph, node.inputs, size)},
              {"outputs", one_or_all(graph, node.outputs, size)},
              {"input", one_or_all(graph, node.inputs, format)},
              {"output", one_or_all(graph, node.outputs, format)},
              {"parallelism", {node.parallelism.in, node.parallelism.out}}};
  if (!reads_last) {
    const std::vector<std::string> names = names_of_edges(graph);
    object["from"] = Json::array();
    for (const std::size_t edge : node.inputs) object["from"].push_back(names[edge]);
  }
  node.kind->write(Layer(graph, node), object);
  return object;
}

FixedPoint format_of(const Json& json, const std::string& place) {
  require(json.is_string(), "{} must be a text, got {}", place, engine::shown(json));
  const std::string text = json.get<std::string>();
  const auto fixed = engine::with_subject(place, [&] { return as_fixed(parse_format(text)); });
  require(fixed && fixed->set == CodeSet::all, "{} must be fixed(...) or ufixed(...), got '{}'", place, text);
  return *fixed;
}

// Reads nodes one by one and connects each with what it says it reads.
class Reader {
 public:
  explicit Reader(Graph& graph) : graph_(graph) {}

  void read(const Json& object, const std::string& where) {
    Fields fields(object, where);
    Node node{.name = fields.text("name")};
    const std::vector<Edge> ins = edges(fields, "input"), outs = edges(fields, "output");
    const auto lanes = fields.integers<std::int64_t>("parallelism", 2, 0, kMaxRow);
    node.parallelism = {lanes[0], lanes[1]};
    const std::string type = fields.text("type");
    node.kind = find_operation(type);
    require(node.kind != nullptr, "{} must be {}, got '{}'", fields.place("type"), operation_names(), type);
    const std::string name = node.name;
    add_node(graph_, std::move(node), sources(fields, ins), outs);
    Node& added = graph_.nodes.back();
    added.data = added.kind->read(fields, Layer(graph_, added));
    fields.end();
    for (std::size_t i = 0; i < added.outputs.size(); ++i) named_[fmt::format("{}.{}", name, i)] = added.outputs[i];
  }

  std::size_t edge(const std::string& name, const std::string& where) const {
    const auto found = named_.find(name);
    require(found != named_.end(), "{}: nothing before it gives '{}'", where, name);
    return found->second;
  }

 private:
  // `which`: input or output; sizes are under inputs and outputs.
  static std::vector<Edge> edges(Fields& fields, const std::string& which) {
    if (!fields.value(which).is_array())
      return {{format_of(fields.value(which), fields.place(which)), fields.integer(which + "s", 1, kMaxRow)}};
    const std::size_t n = fields.array(which).size();
    require(n >= 1 && n <= kMaxLayers, "{} must have 1 to {} items, got {}", fields.place(which), kMaxLayers, n);
    const auto sizes = fields.integers<std::int64_t>(which + "s", static_cast<std::int64_t>(n), 1, kMaxRow);
    std::vector<Edge> all;
    for (std::size_t i = 0; i < n; ++i)
      all.push_back({format_of(fields.array(which)[i], fields.place(which)), sizes[i]});
    return all;
  }

  // The edges that a node reads: the last output, or those under "from". A graph input is made when it is first read.
  std::vector<std::size_t> sources(Fields& fields, const std::vector<Edge>& ins) {
    std::vector<std::string> names;
    if (fields.has("from")) {
      for (const Json& item : fields.array("from")) {
        require(item.is_string(), "{} must be texts, got {}", fields.place("from"), engine::shown(item));
        names.push_back(item.get<std::string>());
      }
    } else if (graph_.nodes.empty()) {
      names = {"in.0"};
    } else {
      names = {graph_.nodes.back().name + ".0"};
    }
    require(names.size() == ins.size(), "{} must name {} edges, got {}", fields.place("from"), ins.size(),
            names.size());
    std::vector<std::size_t> edges;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == fmt::format("in.{}", graph_.inputs.size())) named_[names[i]] = add_input(graph_, ins[i]);
      edges.push_back(edge(names[i], fields.place("from")));
      check_agrees(fields, names[i], graph_.edges[edges.back()], ins[i]);
    }
    return edges;
  }

  void check_agrees(Fields& fields, const std::string& name, const Edge& given, const Edge& taken) const {
    const std::string where = graph_.name + ": " + fields.text("name"), giver = name.substr(0, name.find('.'));
    require(given.size == taken.size, "{}: takes {} numbers, {} gives {}", where, taken.size, giver, given.size);
    require(same_codes(given.format, taken.format), "{}: takes {}, {} gives {}", where, to_string(taken.format), giver,
            to_string(given.format));
  }

  Graph& graph_;
  std::map<std::string, std::size_t> named_{};
};

}  // namespace

std::string to_string(const FixedPoint& format) {
  constexpr const char* kRoundings[] = {"", ",floor", ",half_away"};
  const char* rounding = format.rounding ? kRoundings[static_cast<int>(*format.rounding)] : ",stochastic";
  return fmt::format("{}fixed({},{}{})", format.is_signed ? "" : "u", format.width, format.frac_bits, rounding);
}

Json to_json(const Graph& graph) {
  Json nodes = Json::array();
  const std::vector<std::size_t>* last = &graph.inputs;
  for (const Node& node : graph.nodes) {
    nodes.push_back(node_json(graph, node, node.inputs == *last && last->size() == 1));
    last = &node.outputs;
  }
  Json json{{"name", graph.name}, {"layers", nodes}};
  if (graph.outputs != *last) {
    const std::vector<std::string> names = names_of_edges(graph);
    json["outputs"] = Json::array();
    for (const std::size_t edge : graph.outputs) json["outputs"].push_back(names[edge]);
  }
  return json;
}

Graph graph_of(const Json& json, const std::string& subject) {
  Fields fields(json, subject);
  Graph graph{.name = fields.text("name")};
  const Json& nodes = fields.array("layers");
  require(nodes.size() <= kMaxLayers, "{}: there must be at most {}, got {}", fields.place("layers"), kMaxLayers,
          nodes.size());
  Reader reader(graph);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    engine::with_subject(subject, [&] { reader.read(nodes[i], fmt::format("layers[{}]", i)); });
  if (fields.has("outputs")) {
    graph.outputs.clear();
    for (const Json& item : fields.array("outputs")) {
      require(item.is_string(), "{} must be texts, got {}", fields.place("outputs"), engine::shown(item));
      graph.outputs.push_back(reader.edge(item.get<std::string>(), fields.place("outputs")));
    }
  }
  fields.end();
  engine::with_subject(subject, [&] { check(graph); });
  return graph;
}

}  // namespace ingot::compress
