// Multi-head scaled dot-product attention over packed sequences.
#pragma once

#include <memory>
#include <vector>

#include "engine/autograd/matmul.h"
#include "engine/autograd/variable.h"
#include "engine/kernels/dropout/dropout.h"

namespace ingot::engine {

// How the rows of a tensor are cut into sequences. Shared by all layers of a step.
struct Sequences {
  std::vector<std::int32_t> offsets;      // [n_sequences + 1], ascending from 0
  std::vector<std::uint8_t> key_visible;  // [n_rows], 0 hides a row as a key; empty: all are visible

  std::int64_t size() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t n_rows() const { return offsets.back(); }
};

// What the probabilities of attention are computed from.
struct QueryAndKey {
  Variable query, key;  // [n_rows, n_heads * head_dim]
  std::int64_t n_heads = 1;
};

// query, key, value [n_rows, n_heads * head_dim] -> the same shape. Scores are scaled by 1 / sqrt(head_dim).
// sums: fastest or bf16.
Variable attention(const Variable& query, const Variable& key, const Variable& value,
                   const std::shared_ptr<const Sequences>& sequences, std::int64_t n_heads, const Dropout& dropout = {},
                   Sums sums = Sums::fastest);

// Attention for inference, without a graph. The columns of x are query, key and value side by side:
// [n_rows, 3 hidden] -> [n_rows, hidden].
Tensor joined_attention(const Tensor& x, const Sequences& sequences, std::int64_t n_heads);

// The first row of each sequence: [n_rows, n] -> [n_sequences, n].
Variable first_rows(const Variable& x, const std::shared_ptr<const Sequences>& sequences);

// The mean over the visible rows of each sequence: [n_rows, n] -> [n_sequences, n].
Variable mean_rows(const Variable& x, const std::shared_ptr<const Sequences>& sequences);

}  // namespace ingot::engine
