// Computes a graph as a CPU does it best: the bits of GraphRunner, from kernels on narrow codes.
//
// Nodes that take their rows one by one run behind each other on a few rows, whose codes stay in the nearest cache: no
// edge between them is ever written to memory as a whole. A node that looks at whole texts begins a new stage. The
// threads share the rows of a stage, those of one long text as well as those of many short ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compress/integer/kernel.h"

namespace ingot::compress {

struct RowRange {
  std::int64_t first, last;
};

class FusedRunner {
 public:
  // The graph must outlive the runner. Throws Error if a node draws numbers, which must be drawn in the order of rows.
  explicit FusedRunner(const Graph& graph);

  // The same as GraphRunner::run.
  std::vector<Codes> run(std::span<const Codes> inputs, Texts texts = {});

  // n rows of each input and the rows of each output, in the types of their formats (code_type). The codes are within
  // the inputs' formats: the caller's promise. One call at a time.
  void run(std::int64_t n, std::span<const void* const> inputs, Texts texts, std::span<void* const> outputs);

  // Whether an output has a row a text instead of a row a token.
  bool is_of_texts(std::size_t output) const;

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  using Memory = std::vector<Line>;
  // Nodes that run behind each other, on rows of tokens or of texts.
  struct Stage {
    std::size_t depth;
    bool of_texts;
    std::vector<std::size_t> nodes{};
    std::int64_t row_bytes = 0;  // of the edges inside, a row
  };
  // Where an edge's codes are: inside a stage, or in memory for all rows.
  struct Place {
    std::size_t stage = 0;  // that gives it
    bool of_texts = false;
    bool is_inside = false;
    std::int64_t at = 0;   // inside: the bytes a row of those before it
    void* data = nullptr;  // else
  };
  void add_to_stage(std::size_t node);
  void find_inside();
  void lay_out(Stage& stage);
  Rows rows(std::size_t edge, std::int64_t first, std::int64_t n, std::byte* inside) const;
  void prepare(std::size_t node, Texts texts);
  KernelCall call(std::size_t node, Texts texts, std::vector<Rows>& in, RowRange range, std::byte* inside) const;
  void run_range(const Stage& stage, Texts texts, RowRange range) const;

  const Graph& graph_;
  std::vector<std::unique_ptr<Kernel>> kernels_;  // by node
  std::vector<Stage> stages_;
  std::vector<Place> places_;                           // by edge
  std::vector<Memory> memory_;                          // by edge
  std::vector<Memory> prepared_;                        // by node
  std::vector<std::vector<std::int64_t>> prepared_at_;  // by node
};

}  // namespace ingot::compress
