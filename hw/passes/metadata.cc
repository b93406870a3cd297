#include "hw/passes/metadata.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/io/json.h"
#include "engine/tensor/shape.h"
#include "hw/modules/module.h"
#include "hw/passes/parallelism.h"

namespace ingot::hw {
namespace {

using engine::Json;

Json argument(const FixedPoint& format, std::int64_t size) {
  return {{"type", "fixed"}, {"precision", {format.width, format.frac_bits}}, {"shape", {1, size}}};
}

Json argument(const compress::Parameter& parameter) {
  Json json{{"type", "fixed"}, {"shape", parameter.shape}};
  if (parameter.width > 0) {
    json["precision"] = {parameter.width, parameter.lowest_frac_bits};
    json["highest_frac_bits"] = parameter.highest_frac_bits;
  }
  return json;
}

Json common(const Layer& node) {
  Json args{{"data_in_0", argument(node.input(), node.n_in())}};
  for (const compress::Parameter& parameter : compress::parameters(node)) args[parameter.name] = argument(parameter);
  return {
      {"op", node.kind().name}, {"args", args}, {"results", {{"data_out_0", argument(node.output(), node.n_out())}}}};
}

Json software(const Layer& node) {
  std::int64_t all = 0, macs = 0, weight_bits = 0, zeros = 0;
  for (const compress::Parameter& parameter : compress::parameters(node)) {
    const std::int64_t size = engine::Shape(parameter.shape).size();
    all += size;
    if (parameter.shape.size() == 2) macs += size;
    weight_bits += size * parameter.width;
    zeros += parameter.n_zeros;
  }
  return {{"parameters", all},           {"macs", macs},  // a vector
          {"activations", node.n_out()}, {"activation_bits", node.n_out() * node.output().width},
          {"weight_bits", weight_bits},  {"zero_weights", zeros}};
}

const char* storage(const Layer& node, const StoredParameter& stored) {
  if (stored.storage != Storage::by_size) return stored.storage == Storage::logic ? "LUT" : "BRAM";
  const auto n_logic = std::count_if(std::begin(kTargets), std::end(kTargets), [&](Target target) {
    return is_logic_table(stored.image.depth(), stored.image.width(), node.parallelism().in, target);
  });
  return n_logic == std::ssize(kTargets) ? "LUT" : n_logic == 0 ? "BRAM" : "LUT or BRAM";
}

Json hardware(const Layer& node) {
  const Module& module = module_for(node);
  const Emission emission = module.emit(node);
  Json interface {
    {"data_in_0", {{"protocol", "valid/ready"}}}, {
      "data_out_0", {
        { "protocol", "valid/ready" }
      }
    }
  };
  for (const StoredParameter& stored : emission.stored) {
    interface[stored.name] = {{"storage", storage(node, stored)},
                              {"transpose", stored.is_transposed},
                              {"words", stored.image.depth()},
                              {"word_bits", stored.image.width()}};
  }
  Json parameters = Json::object();
  for (const auto& [name, value] : emission.verilog_parameters)
    parameters[node.name() + "_" + name] = std::stoll(value);
  return {{"is_implicit", false},
          {"toolchain", "INTERNAL_RTL"},
          {"module", module.name},
          {"device_id", 0},
          {"dependence_files", module.sources},
          {"interface", interface},
          {"max_parallelism", {node.n_in(), node.n_out()}},
          {"parallelism", {node.parallelism().in, node.parallelism().out}},
          {"cycles", interval(node)},
          {"verilog_param", parameters}};
}

bool is_chosen(const Graph& graph) {
  return std::all_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& n) { return n.parallelism.in > 0; });
}

// A line of cells, each as wide as the widest of its column.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace

Json metadata(const Graph& graph) {
  const bool chosen = is_chosen(graph);
  Json nodes = Json::array(), totals = Json::object();
  for (const Layer& node : layers(graph)) {
    Json entry{{"name", node.name()}, {"common", common(node)}, {"software", software(node)}};
    for (const auto& [name, value] : entry["software"].items())
      totals[name] = totals.value(name, std::int64_t{0}) + value.get<std::int64_t>();
    if (chosen) entry["hardware"] = hardware(node);
    nodes.push_back(std::move(entry));
  }
  Json result{{"graph", graph.name}, {"software", totals}, {"nodes", nodes}};
  if (chosen) {
    result["hardware"] = {
        {"verilog_sources", rtl_files(graph)}, {"multipliers", multipliers(graph)}, {"cycles", interval(graph)}};
  }
  return result;
}

std::string metadata_table(const Json& metadata) {
  std::vector<std::vector<std::string>> layers{
      {"layer", "op", "in", "out", "parameters", "MACs", "tool-chain", "module", "parallelism", "cycles"}};
  std::vector<std::vector<std::string>> parameters{{"Verilog parameter", "value"}},
      stored{{"stored", "in", "words", "bits", "transposed"}};
  const auto dump = [](const Json& j) { return j.dump(); };
  for (const Json& node : metadata["nodes"]) {
    const Json &common = node["common"], &software = node["software"];
    std::vector<std::string> row{node["name"].get<std::string>(), common["op"].get<std::string>()};
    for (const Json& side : {common["args"]["data_in_0"], common["results"]["data_out_0"]})
      row.push_back(
          fmt::format("{} of {}.{}", dump(side["shape"][1]), dump(side["precision"][0]), dump(side["precision"][1])));
    row.push_back(dump(software["parameters"]));
    row.push_back(dump(software["macs"]));
    if (node.contains("hardware")) {
      const Json& hardware = node["hardware"];
      row.push_back(hardware["toolchain"].get<std::string>());
      row.push_back(hardware["module"].get<std::string>());
      row.push_back(fmt::format("{}x{}", dump(hardware["parallelism"][0]), dump(hardware["parallelism"][1])));
      row.push_back(dump(hardware["cycles"]));
      for (const auto& [name, value] : hardware["verilog_param"].items()) parameters.push_back({name, dump(value)});
      for (const auto& [name, how] : hardware["interface"].items()) {
        if (how.contains("storage"))
          stored.push_back({node["name"].get<std::string>() + "." + name, how["storage"].get<std::string>(),
                            dump(how["words"]), dump(how["word_bits"]), how["transpose"] == true ? "yes" : "no"});
      }
    }
    layers.push_back(std::move(row));
  }
  std::string text = aligned(layers);
  for (const auto& table : {stored, parameters}) {
    if (table.size() > 1) text.append("\n").append(aligned(table));
  }
  return text;
}

}  // namespace ingot::hw
