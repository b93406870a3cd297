// Reads and writes graphs as JSON.
#include "engine/io/json.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "hw/graph/fields.h"
#include "hw/graph/functions.h"
#include "hw/graph/graph.h"

namespace ingot::hw {
namespace {

using engine::Json;
using engine::require;

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

FixedPoint format_in(Fields& fields, const std::string& name) {
  const std::string text = fields.text(name);
  std::optional<FixedPoint> fixed;
  try {
    fixed = compress::as_fixed(compress::parse_format(text));
  } catch (const engine::Error& error) {
    engine::fail("{}: {}", fields.place(name), error.what());
  }
  require(fixed.has_value(), "{} must be fixed point, got '{}'", fields.place(name), text);
  return *fixed;
}

Json node_json(const Node& node) {
  Json object{{"name", node.name},
              {"inputs", node.n_in},
              {"outputs", node.n_out},
              {"input", to_string(node.input)},
              {"output", to_string(node.output)},
              {"parallelism", {node.parallelism.in, node.parallelism.out}}};
  if (const Linear* linear = node.linear()) {
    object.update({{"type", "linear"},
                   {"weight_width", linear->weight_width},
                   {"weight_frac_bits", linear->weight_frac_bits},
                   {"weights", linear->weights},
                   {"bias", linear->bias}});
    return object;
  }
  const Activation& activation = *node.activation();
  object["type"] = activation.function;
  const FunctionKind kind = function(activation).kind;
  if (kind == FunctionKind::slope)
    object.update({{"slope", activation.slope}, {"slope_frac_bits", activation.slope_frac_bits}});
  if (kind == FunctionKind::random_lab || kind == FunctionKind::random_uniform) object["seed"] = activation.seed;
  if (kind == FunctionKind::table) object["table"] = activation.table;
  return object;
}

Linear linear_in(Fields& fields, std::int64_t n, std::int64_t k) {
  require(n * k <= kMaxWeights, "{} and inputs: {} x {} are too many weights", fields.place("outputs"), n, k);
  Linear linear{.n = n, .k = k, .weight_width = static_cast<int>(fields.integer("weight_width", 1, 32))};
  linear.weight_frac_bits = fields.integers<int>("weight_frac_bits", n, -95, 126);
  linear.weights = fields.integers<std::int32_t>("weights", n * k, INT32_MIN, INT32_MAX);
  linear.bias = fields.integers<std::int64_t>("bias", n, -kHuge, kHuge);
  return linear;
}

Activation activation_in(Fields& fields, const std::string& type, const FixedPoint& input) {
  require(find_function(type) != nullptr, "{} must be linear, {}, got '{}'", fields.place("type"), function_names(),
          type);
  Activation activation{.function = type};
  const FunctionKind kind = function(activation).kind;
  if (kind == FunctionKind::slope) {
    activation.slope = static_cast<int>(fields.integer("slope", 0, 65535));
    activation.slope_frac_bits = static_cast<int>(fields.integer("slope_frac_bits", 0, 16));
  }
  if (kind == FunctionKind::random_lab || kind == FunctionKind::random_uniform)
    activation.seed = static_cast<std::uint32_t>(fields.integer("seed", 1, UINT32_MAX));
  if (kind == FunctionKind::table) {
    require(input.width <= kMaxTableWidth, "{} of a table must have at most {} bits, got {}", fields.place("input"),
            kMaxTableWidth, input.width);
    activation.table = fields.integers<std::int32_t>("table", std::int64_t{1} << input.width, INT32_MIN, INT32_MAX);
  }
  return activation;
}

Node node_in(const Json& object, const std::string& where) {
  Fields fields(object, where);
  Node node{.name = fields.text("name"),
            .input = format_in(fields, "input"),
            .output = format_in(fields, "output"),
            .n_in = fields.integer("inputs", 1, 65536),
            .n_out = fields.integer("outputs", 1, 65536)};
  const auto lanes = fields.integers<std::int64_t>("parallelism", 2, 0, 65536);
  node.parallelism = {lanes[0], lanes[1]};
  const std::string type = fields.text("type");
  if (type == "linear") {
    node.layer = linear_in(fields, node.n_out, node.n_in);
  } else {
    node.layer = activation_in(fields, type, node.input);
  }
  fields.end();
  return node;
}

}  // namespace

std::string to_string(const FixedPoint& format) {
  constexpr const char* kRoundings[] = {"", ",floor", ",half_away"};
  const char* rounding = format.rounding ? kRoundings[static_cast<int>(*format.rounding)] : ",stochastic";
  return fmt::format("{}fixed({},{}{})", format.is_signed ? "" : "u", format.width, format.frac_bits, rounding);
}

Json to_json(const Graph& graph) {
  Json nodes = Json::array();
  for (const Node& node : graph.nodes) nodes.push_back(node_json(node));
  return {{"name", graph.name}, {"layers", nodes}};
}

Graph graph_of(const Json& Json, const std::string& subject) {
  Fields fields(Json, subject);
  Graph graph{.name = fields.text("name")};
  const engine::Json& layers = fields.array("layers");
  require(layers.size() <= kMaxLayers, "{}: there must be at most {}, got {}", fields.place("layers"), kMaxLayers,
          layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i)
    graph.nodes.push_back(node_in(layers[i], fmt::format("{}: layers[{}]", subject, i)));
  fields.end();
  try {
    check(graph);
  } catch (const engine::Error& error) {
    engine::fail("{}: {}", subject, error.what());
  }
  return graph;
}

}  // namespace ingot::hw
