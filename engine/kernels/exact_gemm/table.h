// The rows of exact_gemm.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"

namespace ingot::engine::kernels {

// sums[i ld + j] = sum over p < k of x[i ldx + p] w[j k + p], in double, for i < m, j < n.
struct ExactBlock {
  std::int64_t m, n, k;
  const float* x;
  std::int64_t ldx;
  const float* w;
  double* sums;
  std::int64_t ld;
};

struct ExactGemmRow {
  Isa isa;
  void (*multiply)(const ExactBlock& block);
};

extern const ExactGemmRow kExactGemmAvx512, kExactGemmAvx2, kExactGemmReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const ExactGemmRow* const> exact_gemm_rows();

void exact_linear(const ExactGemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* x,
                  std::int64_t ldx, const float* w, const float* bias, float* y, std::int64_t ldy);

}  // namespace ingot::engine::kernels
