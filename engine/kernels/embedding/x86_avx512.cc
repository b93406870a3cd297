#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/embedding/x86_body.h"

namespace ingot::engine::kernels {

void embedding_gather_avx512(std::int64_t n, std::int64_t n_columns, const std::int32_t* ids, const float* table,
                             bool accumulate, float* y) {
  gather(n, n_columns, ids, table, accumulate, y);
}

void embedding_add_rows_avx512(std::int64_t n, std::int64_t n_columns, std::int64_t stride, const std::int32_t* order,
                               const float* dy, float* sum) {
  add_rows(n, n_columns, stride, order, dy, sum);
}

}  // namespace ingot::engine::kernels
