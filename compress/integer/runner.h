// Computes a graph in integers by plain loops. This defines what kernels (fused_runner.h) and hardware must compute.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "compress/integer/operation.h"

namespace ingot::compress {

// The rows that inputs of a graph have, and where texts begin among them.
class InputRows {
 public:
  // `texts` as in GraphRunner::run, and its errors.
  InputRows(const Graph& graph, std::span<const Codes> inputs, Texts texts);

  std::int64_t n() const { return n_; }
  std::int64_t n_texts() const { return static_cast<std::int64_t>(texts().size()) - 1; }
  Texts texts() const { return each_.empty() ? texts_ : Texts(each_); }

 private:
  std::int64_t n_ = 0;
  Texts texts_;
  std::vector<std::int32_t> each_{};  // of texts of one row
};

// Vectors must come in the order in which the hardware takes them, because generators of slopes continue from call to
// call.
class GraphRunner {
 public:
  // The graph must outlive the runner. Throws Error if an operation with a generator has no parallelism.
  explicit GraphRunner(const Graph& graph);

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
