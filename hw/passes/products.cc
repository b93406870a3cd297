#include "hw/passes/products.h"

#include <fmt/format.h>

#include "compress/integer/ops/linear.h"
#include "engine/base/error.h"
#include "hw/modules/constants.h"
#include "hw/modules/module.h"
#include "hw/passes/parallelism.h"

namespace ingot::hw {
namespace {

// Of the graph's node with other products, all inputs and outputs at once.
Cost cost_of(const Layer& layer, bool by_adders) {
  Node node = layer.node();
  node.as<compress::Linear>()->by_adders = by_adders;
  node.parallelism = {layer.n_in(), layer.n_out()};
  Graph graph{.name = layer.name(), .edges = {layer.in(), layer.out()}, .nodes = {node}, .inputs = {0}, .outputs = {1}};
  graph.nodes[0].inputs = {0};
  graph.nodes[0].outputs = {1};
  const Layer other(graph, graph.nodes[0]);
  return module_for(other).cost(other, Target::xilinx, true);
}

double luts(const Cost& cost) { return cost.lut + cost.dsp * kLutsOfMultiplier; }

bool takes_all_at_once(const Layer& layer) { return layer.parallelism() == Parallelism{layer.n_in(), layer.n_out()}; }

}  // namespace

void use_adders(const Graph& graph, Node& node) {
  engine::require(node.as<compress::Linear>() != nullptr,
                  "parallelism: {} has no products of constants; only Linear layers can be adders", node.name);
  node.as<compress::Linear>()->by_adders = true;
  const Layer layer(graph, node);
  node.parallelism = {layer.n_in(), layer.n_out()};
}

void choose_products(Graph& graph) {
  for (Node& node : graph.nodes) {
    const Layer layer(graph, node);
    if (node.as<compress::Linear>() == nullptr || is_by_adders(layer) || !takes_all_at_once(layer)) continue;
    if (luts(cost_of(layer, true)) < luts(cost_of(layer, false))) use_adders(graph, node);
  }
}

std::vector<std::string> reasons(const Graph& graph) {
  std::vector<std::string> sentences;
  for (const Layer& layer : layers(graph)) {
    if (layer.as<compress::Linear>() == nullptr) continue;
    const std::string name = layer.name();
    if (!is_by_adders(layer) && !takes_all_at_once(layer)) {
      sentences.push_back(
          fmt::format("{}: {} multipliers: a vector takes {} cycles, with adders one; {}=adders has them", name,
                      multipliers(layer), interval(layer), name));
      continue;
    }
    const Cost adders = cost_of(layer, true), products = cost_of(layer, false);
    const std::string estimate =
        fmt::format("about {:.0f} LUT, with multipliers {:.0f} LUT and {:.0f} DSP, each as {:.0f} LUT", adders.lut,
                    products.lut, products.dsp, kLutsOfMultiplier);
    sentences.push_back(
        is_by_adders(layer)
            ? fmt::format("{}: {} adders, no multiplier: {}", name, adders_of(layer).n_adders(), estimate)
            : fmt::format("{}: {} multipliers: with adders {}", name, multipliers(layer), estimate));
  }
  return sentences;
}

}  // namespace ingot::hw
