#include "engine/kernels/exact_gemm/exact_gemm.h"

#include <algorithm>

#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/exact_gemm/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const ExactGemmRow* kRows[] = {
#if defined(__x86_64__)
    &kExactGemmAvx512,
    &kExactGemmAvx2,
#endif
    &kExactGemmReference,
};

// Of a task: these rows of x, and the weights that they meet at a time, stay in the first-level caches.
constexpr std::int64_t kTaskRows = 32, kColumns = 32;

}  // namespace

std::span<const ExactGemmRow* const> exact_gemm_rows() { return kRows; }

void exact_linear(const ExactGemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* x,
                  std::int64_t ldx, const float* w, const float* bias, float* y, std::int64_t ldy) {
  parallel_for(m, kTaskRows, [&](std::int64_t i0, std::int64_t i1) {
    double sums[kTaskRows * kColumns];
    for (std::int64_t j0 = 0; j0 < n; j0 += kColumns) {
      const std::int64_t columns = std::min(kColumns, n - j0);
      row.multiply({i1 - i0, columns, k, x + i0 * ldx, ldx, w + j0 * k, sums, kColumns});
      for (std::int64_t i = i0; i < i1; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
          const double sum = sums[(i - i0) * kColumns + j];
          y[i * ldy + j0 + j] = static_cast<float>(bias == nullptr ? sum : sum + static_cast<double>(bias[j0 + j]));
        }
      }
    }
  });
}

void exact_linear(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
                  const float* bias, float* y, std::int64_t ldy) {
  exact_linear(active_row(exact_gemm_rows()), m, n, k, x, ldx, w, bias, y, ldy);
}

}  // namespace ingot::engine::kernels
