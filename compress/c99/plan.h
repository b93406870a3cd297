// In which order a C program computes a graph, and where its edges lie in memory.
#pragma once

#include <cstdint>
#include <vector>

#include "compress/integer/graph.h"

namespace ingot::compress {

// A walk over the rows of a text, or once for the text, in which nodes are computed one after the other.
struct C99Pass {
  bool of_text = false;
  std::vector<std::size_t> nodes{};
};

struct C99Place {
  enum Kind {
    input,   // the caller's ids or types
    output,  // the caller's outputs
    row,     // one row in the scratch, written anew for each row of a pass
    text,    // all rows of the text in the scratch
  };
  Kind kind = input;
  std::int64_t offset = 0;  // bytes of the scratch; of a text: bytes for each of its tokens
};

// The scratch begins with fixed_bytes for single rows. Behind them are n bytes_a_token bytes for a text of n tokens.
struct C99Plan {
  std::vector<C99Pass> passes{};
  std::vector<C99Place> edges{};    // by edge
  std::int64_t scores_a_token = 0;  // offset of the row of scores that attention computes, 4 bytes a token
  std::int64_t fixed_bytes = 0, bytes_a_token = 0;
};

// Whether the node looks at all rows of its input i.
bool reads_text(const Node& node, std::size_t i);

// Few edges have all their rows in memory: those that a later pass reads. Edges that are not needed at the same time
// share memory. `graph` has one output.
C99Plan plan_c99(const Graph& graph);

}  // namespace ingot::compress
