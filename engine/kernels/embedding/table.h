// The rows of embedding.cc's table, for dispatch and tests. They only copy and add: every row gives the same bits.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"

namespace ingot::engine::kernels {

struct EmbeddingRow {
  Isa isa;
  // y[i] (+)= table[ids[i]].
  void (*gather)(std::int64_t n, std::int64_t n_columns, const std::int32_t* ids, const float* table, bool accumulate,
                 float* y);
  // sum[c] += dy[order[i] * stride + c] for i = 0 .. n - 1, in this order, and c < n_columns.
  void (*add_rows)(std::int64_t n, std::int64_t n_columns, std::int64_t stride, const std::int32_t* order,
                   const float* dy, float* sum);
};

extern const EmbeddingRow kEmbeddingAvx512, kEmbeddingAvx2, kEmbeddingReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const EmbeddingRow* const> embedding_rows();

}  // namespace ingot::engine::kernels
