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
  for (const std::int32_t code : codes) {
    if (code < range.lowest || code > range.highest)
      engine::fail("{}: takes codes of {}, got {}", graph.name, to_string(edge.format), code);
  }
  return codes.size() / size;
}

}  // namespace

InputRows::InputRows(const Graph& graph, std::span<const Codes> inputs, Texts texts) : texts_(texts) {
  require(inputs.size() == graph.inputs.size(), "{}: has {} inputs, got {}", graph.name, graph.inputs.size(),
          inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto rows = static_cast<std::int64_t>(check_codes(graph, graph.edges[graph.inputs[i]], inputs[i]));
    if (i == 0) n_ = rows;
    require(rows == n_, "{}: input {} has {} vectors, and input 0 {}", graph.name, i, rows, n_);
  }
  if (texts.empty()) {
    each_.resize(static_cast<std::size_t>(n_) + 1);
    std::iota(each_.begin(), each_.end(), 0);
    return;
  }
  require(texts.front() == 0 && std::adjacent_find(texts.begin(), texts.end(), std::greater_equal<>()) == texts.end(),
          "{}: texts must begin at row 0 and have at least a row each", graph.name);
  require(texts.back() == n_, "{}: texts have {} rows, and the inputs {}", graph.name, texts.back(), n_);
}

GraphRunner::GraphRunner(const Graph& graph) : graph_(graph) {
  for (const Layer& layer : layers(graph)) evaluators_.push_back(layer.kind().evaluator(layer));
}

std::vector<Codes> GraphRunner::edges(std::span<const Codes> inputs, Texts texts) {
  const InputRows rows(graph_, inputs, texts);
  std::vector<Codes> edges(graph_.edges.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) edges[graph_.inputs[i]] = inputs[i];
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    std::vector<const Codes*> in;
    for (const std::size_t edge : node.inputs) in.push_back(&edges[edge]);
    std::vector<Codes> out = evaluators_[i]->run(in, rows.texts());
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
