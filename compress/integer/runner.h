// Computes a graph in integers. This defines what the hardware of the graph must compute.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "compress/integer/operation.h"

namespace ingot::compress {

// Vectors must come in the order in which the hardware takes them, because generators of slopes continue from call to
// call.
class GraphRunner {
 public:
  // The graph must outlive the runner. Throws Error if an operation with a generator has no parallelism.
  explicit GraphRunner(const Graph& graph, Speed speed = Speed::fast);

  // Takes codes [n, its size] for each graph input and returns those of each output. `texts`: where texts begin among
  // the n rows; empty: each row is one. Throws Error if a code is outside of its format, if inputs are of different n
  // or not the texts' rows, or a text is longer than an operation takes.
  std::vector<Codes> run(std::span<const Codes> inputs, Texts texts = {});
  // The same, and what every edge carried.
  std::vector<Codes> edges(std::span<const Codes> inputs, Texts texts = {});
  // The same for a graph with one input and one output.
  Codes run(std::span<const std::int32_t> codes);

  void reset();  // generators start again from their seeds, as the hardware's do at reset

 private:
  std::vector<std::unique_ptr<Evaluator>> evaluators_;  // of each node
  const Graph& graph_;
};

}  // namespace ingot::compress
