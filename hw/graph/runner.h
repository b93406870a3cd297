// Computes a graph in integers. This defines what the hardware of the graph must compute.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "hw/graph/graph.h"

namespace ingot::hw {

struct GraphStage;  // computes one layer

// Vectors must come in the order in which the hardware takes them, because generators of slopes continue from call to
// call. Linear layers run on the engine's integer kernels where their widths permit, else in plain loops over 64-bit
// integers. Both give the same codes.
class GraphRunner {
 public:
  enum class Linears { fast, plain };

  // The graph must outlive the runner. Throws Error if an activation with a generator has no parallelism.
  explicit GraphRunner(const Graph& graph, Linears linears = Linears::fast);
  ~GraphRunner();
  GraphRunner(GraphRunner&&) noexcept;

  // codes [n, n_in] -> [n, n_out], n = codes.size() / n_in. Throws Error if a code is outside the input's format.
  std::vector<std::int32_t> run(std::span<const std::int32_t> codes);
  void reset();  // generators start again from their seeds, as the hardware's do at reset

 private:
  std::vector<std::unique_ptr<GraphStage>> stages_;
  const Graph& graph_;
};

}  // namespace ingot::hw
