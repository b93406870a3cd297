// A graph of integers as a part of a C99 program: what a microcontroller runs instead of ingot.
//
// The C computes what runner.h defines, bit by bit. It needs <stdint.h> and <stddef.h>, allocates nothing and has no
// floats. Each operation is a function in it, once for each combination of number types that the graph has
// (functions.h); which operations there are in C says operations.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compress/integer/graph.h"

namespace ingot::compress {

struct C99Program {
  std::string header, source;              // model.h and model.c
  std::int64_t longest = 0;                // tokens of a text, at most
  std::int64_t constant_bytes = 0;         // of weights and tables
  std::int64_t fixed_scratch_bytes = 0;    // of a text of any length ...
  std::int64_t scratch_bytes_a_token = 0;  // ... and for each of its tokens

  std::int64_t scratch_bytes() const { return fixed_scratch_bytes + longest * scratch_bytes_a_token; }
};

// What a call needs of the stack, at most, whatever the graph is.
inline constexpr int kC99StackBytes = 1024;

// `labels`: names of the outputs; may be none. Throws Error for a graph that is not from token ids and types to one
// output, and for an operation without a form in C.
C99Program to_c99(const Graph& graph, const std::vector<std::string>& labels);

// Leaves out the embeddings of places from `longest` on, so that C takes texts of so many tokens at most.
void shorten_texts(Graph& graph, std::int64_t longest);

}  // namespace ingot::compress
