#include "hw/passes/products.h"

#include <fmt/format.h>

#include <algorithm>

#include "compress/integer/ops/linear.h"
#include "engine/base/error.h"
#include "hw/modules/constants.h"
#include "hw/modules/linear_cost.h"
#include "hw/modules/module.h"
#include "hw/passes/parallelism.h"

namespace ingot::hw {
namespace {

using compress::Products;

// Of the graph's node with other products, all inputs and outputs at once.
Cost cost_of(const Layer& layer, Products products) {
  Node node = layer.node();
  node.as<compress::Linear>()->products = products;
  node.parallelism = {layer.n_in(), layer.n_out()};
  Graph graph{.name = layer.name(), .edges = {layer.in(), layer.out()}, .nodes = {node}, .inputs = {0}, .outputs = {1}};
  graph.nodes[0].inputs = {0};
  graph.nodes[0].outputs = {1};
  const Layer other(graph, graph.nodes[0]);
  return module_for(other).cost(other, Target::xilinx, true);
}

Products products_of(const Layer& layer) { return layer.as<compress::Linear>()->products; }

// "16 multipliers", or "8 multipliers, each for two products".
std::string multipliers_text(const Layer& layer) {
  return fmt::format("{} multipliers{}", multipliers(layer),
                     products_of(layer) == Products::shared_multipliers ? ", each for two products" : "");
}

double luts(const Cost& cost) { return cost.lut + cost.dsp * kLutsOfMultiplier; }

bool takes_all_at_once(const Layer& layer) { return layer.parallelism() == Parallelism{layer.n_in(), layer.n_out()}; }

}  // namespace

void use_adders(const Graph& graph, Node& node) {
  engine::require(node.as<compress::Linear>() != nullptr,
                  "parallelism: {} has no products of constants; only Linear layers can be adders", node.name);
  node.as<compress::Linear>()->products = Products::adders;
  const Layer layer(graph, node);
  node.parallelism = {layer.n_in(), layer.n_out()};
}

void choose_products(Graph& graph) {
  for (Node& node : graph.nodes) {
    const Layer layer(graph, node);
    if (node.as<compress::Linear>() == nullptr || is_by_adders(layer) || !takes_all_at_once(layer)) continue;
    if (luts(cost_of(layer, Products::adders)) < luts(cost_of(layer, products_of(layer)))) use_adders(graph, node);
  }
}

void share_multipliers(Graph& graph, Target target) {
  for (Node& node : graph.nodes) {
    compress::Linear* const linear = node.as<compress::Linear>();
    if (linear == nullptr || linear->products != Products::multipliers) continue;
    if (can_share_multipliers(shape_of({graph, node}), target)) linear->products = Products::shared_multipliers;
  }
}

std::string_view product_units(const Graph& graph) {
  const std::vector<Layer> all = layers(graph);
  const bool shares = std::any_of(all.begin(), all.end(), [](const Layer& layer) {
    return layer.as<compress::Linear>() != nullptr && products_of(layer) == Products::shared_multipliers;
  });
  return shares ? "product units" : "multipliers";
}

std::vector<std::string> reasons(const Graph& graph) {
  std::vector<std::string> sentences;
  for (const Layer& layer : layers(graph)) {
    if (layer.as<compress::Linear>() == nullptr) continue;
    const std::string name = layer.name();
    if (!is_by_adders(layer) && !takes_all_at_once(layer)) {
      sentences.push_back(fmt::format("{}: {}: a vector takes {} cycles, with adders one; {}=adders has them", name,
                                      multipliers_text(layer), interval(layer), name));
      continue;
    }
    const Cost adders = cost_of(layer, Products::adders),
               products = cost_of(layer, is_by_adders(layer) ? Products::multipliers : products_of(layer));
    const std::string estimate =
        fmt::format("about {:.0f} LUT, with multipliers {:.0f} LUT and {:.0f} DSP, each as {:.0f} LUT", adders.lut,
                    products.lut, products.dsp, kLutsOfMultiplier);
    sentences.push_back(
        is_by_adders(layer)
            ? fmt::format("{}: {} adders, no multiplier: {}", name, adders_of(layer).n_adders(), estimate)
            : fmt::format("{}: {}: with adders {}", name, multipliers_text(layer), estimate));
  }
  return sentences;
}

}  // namespace ingot::hw
