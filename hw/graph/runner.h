// A graph at work in integers: the definition of what its hardware computes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "hw/graph/graph.h"

namespace ingot::hw {

struct GraphStage;  // a layer at work

// Takes vectors in the order in which the hardware takes them: generators of slopes go on from call to call. Linears
// run on the engine's exact kernels where their widths permit, else in plain loops over 64-bit integers; the codes are
// the same.
class GraphRunner {
 public:
  enum class Linears { fast, plain };

  // The graph must stay. Activations with a generator need their parallelism.
  explicit GraphRunner(const Graph& graph, Linears linears = Linears::fast);
  ~GraphRunner();
  GraphRunner(GraphRunner&&) noexcept;

  // codes [n, n_in] -> [n, n_out], n = codes.size() / n_in. Throws Error if a code is outside the input's format.
  std::vector<std::int32_t> run(std::span<const std::int32_t> codes);
  void reset();  // generators begin anew

 private:
  std::vector<std::unique_ptr<GraphStage>> stages_;
  const Graph& graph_;
};

}  // namespace ingot::hw
