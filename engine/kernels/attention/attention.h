// Scaled dot-product attention over packed sequences of any length, forward and backward, without ever storing the
// score matrix (online softmax: Milakov, Gimelshein 2018; FlashAttention: Dao et al. 2022).
#pragma once

#include <cstdint>

#include "engine/kernels/dropout/dropout.h"

namespace ingot::engine::kernels {

// Rows of all sequences lie one after another: sequence i owns rows offsets[i] .. offsets[i + 1] - 1 of n_rows in all.
// A row of query, key, value, output and of their gradients holds n_heads * head_dim floats, head h at h * head_dim,
// and rows are `stride` floats apart.
struct AttentionShape {
  std::int64_t n_sequences = 0;
  const std::int32_t* offsets = nullptr;  // [n_sequences + 1], ascending from 0
  std::int64_t n_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t stride = 0;
  std::int64_t output_stride = 0;             // of the forward pass's output, if it differs; 0: stride
  const std::uint8_t* key_visible = nullptr;  // [n_rows]: 0 hides a row as a key (padding); null: all visible.
                                              // Each sequence has at least one visible key.
  float scale = 1;                            // of the scores: 1 / sqrt(head_dim)
  bool bf16 = false;                          // factors of products are rounded to bfloat16, where this processor has
                                              // instructions for them
  Dropout dropout;                            // of the probabilities: row = query row * n_heads + head, column = key
                                              // row within its sequence
  std::int64_t n_rows() const { return offsets[n_sequences]; }
};

// output[q, h] = sum_k dropout(softmax_k(scale query[q, h] . key[k, h])) value[k, h].
// log_sum_exp [n_heads, n_rows] (may be null: inference) keeps log sum_k exp(scale q.k) for the backward pass.
// Threads inside.
void attention_forward(const AttentionShape& shape, const float* query, const float* key, const float* value,
                       float* output, float* log_sum_exp);

// Gradients of query, key and value (written, not added to) from that of the output, recomputing the probabilities.
// Threads inside; results independent of their number.
void attention_backward(const AttentionShape& shape, const float* query, const float* key, const float* value,
                        const float* output, const float* log_sum_exp, const float* d_output, float* d_query,
                        float* d_key, float* d_value);

}  // namespace ingot::engine::kernels
