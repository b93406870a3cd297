// The rows of attention.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/attention/attention.h"

namespace ingot::engine::kernels {

// One head of one sequence: `length` rows of head_dim floats, `stride` apart.
struct AttentionHead {
  std::int64_t length = 0;
  std::int64_t head_dim = 0;
  std::int64_t stride = 0;
  std::int64_t output_stride = 0;
  const std::uint8_t* key_visible = nullptr;  // [length] or null: all visible
  float scale = 1;
  const float* query = nullptr;
  const float* key = nullptr;
  const float* value = nullptr;
  bool drops = false;  // whether the five fields below are used
  std::uint64_t dropout_seed = 0;
  std::uint64_t dropout_stream = 0;
  std::uint32_t dropout_threshold = 0;
  float dropout_scale = 1;
  std::int64_t mask_row = 0;  // of query 0; that of query i is mask_row + i mask_step
  std::int64_t mask_step = 0;
};

// Where the backward pass of a head reads and writes, rows as in AttentionHead.
struct AttentionHeadGradient {
  const float* output = nullptr;
  const float* log_sum_exp = nullptr;  // [length]
  const float* d_output = nullptr;
  float* d_query = nullptr;
  float* d_key = nullptr;
  float* d_value = nullptr;
};

struct AttentionRow {
  Isa isa;
  // Queries first .. last - 1 of a head; output and log_sum_exp (or null) are those of query 0.
  void (*forward)(const AttentionHead& head, std::int64_t first, std::int64_t last, float* output, float* log_sum_exp,
                  float* scratch);
  void (*backward)(const AttentionHead& head, const AttentionHeadGradient& gradient, float* scratch);
  // Floats of scratch, 64-byte aligned, that either of the two needs.
  std::int64_t (*scratch)(std::int64_t length, std::int64_t head_dim);
};

extern const AttentionRow kAttentionAvx512, kAttentionAvx2, kAttentionReference;
extern const AttentionRow kAttentionAmx, kAttentionAvx512bf16;  // factors in bfloat16

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const AttentionRow* const> attention_rows();

// The same with factors in bfloat16, and behind them those of float32: for processors that have no other.
std::span<const AttentionRow* const> bf16_attention_rows();

// The functions of attention.h by a given row.
void attention_forward(const AttentionRow& row, const AttentionShape& shape, const float* query, const float* key,
                       const float* value, float* output, float* log_sum_exp);
void attention_backward(const AttentionRow& row, const AttentionShape& shape, const float* query, const float* key,
                        const float* value, const float* output, const float* log_sum_exp, const float* d_output,
                        float* d_query, float* d_key, float* d_value);

}  // namespace ingot::engine::kernels
