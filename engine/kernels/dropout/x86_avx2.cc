#include "engine/kernels/simd/avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/dropout/x86_body.h"

namespace ingot::engine::kernels {

void dropout_multiply_avx2(const DropoutMask& mask, std::int64_t first_row, std::int64_t n_rows, std::int64_t n_columns,
                           const float* x, float* y) {
  const MaskSource source = source_of(mask);
  for (std::int64_t r = 0; r < n_rows; ++r) {
    multiply_row(source, first_row + r, n_columns, x + r * n_columns, y + r * n_columns);
  }
}

void dropout_multipliers_avx2(const DropoutMask& mask, std::int64_t row, std::int64_t n_columns, float* y) {
  for_multipliers(source_of(mask), row, n_columns,
                  [&](std::int64_t column, auto lanes, Vec multipliers) { store(y + column, multipliers, lanes); });
}

}  // namespace ingot::engine::kernels
