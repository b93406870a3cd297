#include "engine/kernels/embedding/table.h"

namespace ingot::engine::kernels {
namespace {

void gather(std::int64_t n, std::int64_t n_columns, const std::int32_t* ids, const float* table, bool accumulate,
            float* y) {
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t c = 0; c < n_columns; ++c) {
      const float value = table[ids[i] * n_columns + c];
      y[i * n_columns + c] = accumulate ? y[i * n_columns + c] + value : value;
    }
  }
}

void add_rows(std::int64_t n, std::int64_t n_columns, std::int64_t stride, const std::int32_t* order, const float* dy,
              float* sum) {
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t c = 0; c < n_columns; ++c) sum[c] += dy[order[i] * stride + c];
  }
}

}  // namespace

extern const EmbeddingRow kEmbeddingReference{.isa = Isa::reference, .gather = gather, .add_rows = add_rows};

}  // namespace ingot::engine::kernels
