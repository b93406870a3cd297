#include "compress/integer/runner.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "engine/base/error.h"

namespace ingot::compress {

using engine::require;

namespace {

// Returns how many vectors there are.
std::size_t check_codes(const Graph& graph, const Edge& edge, const Codes& codes) {
  const auto size = static_cast<std::size_t>(edge.size);
  require(codes.size() % size == 0, "{}: takes vectors of {} codes, got {} codes", graph.name, size, codes.size());
  const engine::CodeRange range = edge.format.codes();
  for (const std::int32_t code : codes)
    require(code >= range.lowest && code <= range.highest, "{}: takes codes of {}, got {}", graph.name,
            to_string(edge.format), code);
  return codes.size() / size;
}

}  // namespace

GraphRunner::GraphRunner(const Graph& graph, Speed speed) : graph_(graph) {
  for (const Layer& layer : layers(graph)) evaluators_.push_back(layer.kind().evaluator(layer, speed));
}

std::vector<Codes> GraphRunner::edges(std::span<const Codes> inputs, Texts texts) {
  require(inputs.size() == graph_.inputs.size(), "{}: has {} inputs, got {}", graph_.name, graph_.inputs.size(),
          inputs.size());
  std::vector<Codes> edges(graph_.edges.size());
  const std::size_t n = inputs[0].size() / static_cast<std::size_t>(graph_.n_in());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::size_t rows = check_codes(graph_, graph_.edges[graph_.inputs[i]], inputs[i]);
    require(rows == n, "{}: input {} has {} vectors, and input 0 {}", graph_.name, i, rows, n);
    edges[graph_.inputs[i]] = inputs[i];
  }
  std::vector<std::int32_t> each;
  if (texts.empty()) {
    each.resize(n + 1);
    std::iota(each.begin(), each.end(), 0);
    texts = each;
  }
  require(texts.front() == 0 && std::adjacent_find(texts.begin(), texts.end(), std::greater_equal<>()) == texts.end(),
          "{}: texts must begin at row 0 and have at least a row each", graph_.name);
  require(static_cast<std::size_t>(texts.back()) == n, "{}: texts have {} rows, and the inputs {}", graph_.name,
          texts.back(), n);
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    std::vector<const Codes*> in;
    for (const std::size_t edge : node.inputs) in.push_back(&edges[edge]);
    std::vector<Codes> out = evaluators_[i]->run(in, texts);
    for (std::size_t j = 0; j < node.outputs.size(); ++j) edges[node.outputs[j]] = std::move(out[j]);
  }
  return edges;
}

std::vector<Codes> GraphRunner::run(std::span<const Codes> inputs, Texts texts) {
  std::vector<Codes> all = edges(inputs, texts), outputs;
  for (const std::size_t edge : graph_.outputs) outputs.push_back(std::move(all[edge]));
  return outputs;
}

Codes GraphRunner::run(std::span<const std::int32_t> codes) {
  const Codes input(codes.begin(), codes.end());
  return run(std::span(&input, 1)).front();
}

void GraphRunner::reset() {
  for (const auto& evaluator : evaluators_) evaluator->reset();
}

}  // namespace ingot::compress
