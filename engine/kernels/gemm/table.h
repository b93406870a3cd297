// The rows of gemm.cc's table, for dispatch and tests, and the products of gemm.h by a given row.
//
// Every product is cut into blocks c[m,n] = start + a b. The right factor b is read in panels: kPanel columns side by
// side for one value of the inner index, so that a tile of c, held in registers, takes one short row of b and one
// scalar of a for each of its rows at every step.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/gemm/gemm.h"

namespace ingot::engine::kernels {

// The longest inner dimension of one block: a packed panel of b then stays in the first-level cache.
inline constexpr std::int64_t kGemmDepth = 512;

// The fewest columns for which GemmRow::narrow is defined.
inline constexpr std::int64_t kNarrowColumns = 8;

// A matrix that will be needed soon: it is prefetched while something else is computed. rows = 0: none.
struct GemmAhead {
  const float* at = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
};

// c[i,j] = start[i,j] + sum over p < inner of a(i,p) b(p,j), 0 <= inner <= kGemmDepth, p ascending, one accumulator.
struct GemmBlock {
  std::int64_t m, n, inner;
  const float* a;  // a(i,p) = a[i lda + p], or a[p lda + i] for multiply_transposed
  std::int64_t lda;
  const float* b;  // b(p,j) = b[(j / panel) panel_stride + p b_step + j % panel]
  std::int64_t b_step, panel_stride;
  bool b_is_packed = false;   // its last, partial panel is padded and may be read whole; b_step == panel
  const float* start;         // null: 0; may be c
  std::int64_t start_stride;  // between rows; 0 repeats one row (a bias)
  float* c;
  std::int64_t ldc;
  GemmAhead ahead_a = {}, ahead_b = {};
};

struct GemmRow {
  Isa isa;
  std::int64_t panel;  // columns of a panel of b
  // Panels of b, `panel` inner floats each, the last padded with zeros: with j = panel q + r,
  // to[(q inner + p) panel + r] = from[p ld + j], or from[j ld + p].
  void (*pack)(std::int64_t inner, std::int64_t n, const float* from, std::int64_t ld, float* to);
  void (*pack_transposed)(std::int64_t inner, std::int64_t n, const float* from, std::int64_t ld, float* to);
  void (*multiply)(const GemmBlock& block);
  // Unless sums is null, sums[i] += sum over p of a(i,p).
  void (*multiply_transposed)(const GemmBlock& block, float* sums);
  // y[m,n] = x[m,k] w[n,k]^T + bias without packing; bias may be null. For few rows or few columns.
  void (*dots)(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
               const float* bias, float* y, std::int64_t ldy);
  // The same for n >= kNarrowColumns, in two steps. pack_narrow writes x in an order of its own to
  // round_up(m, 8) * round_up(k, 2) floats, which narrow reads.
  void (*pack_narrow)(std::int64_t m, std::int64_t k, const float* x, std::int64_t ldx, float* to);
  void (*narrow)(std::int64_t m, std::int64_t n, std::int64_t k, const float* packed, const float* w, const float* bias,
                 float* y, std::int64_t ldy);
  // to[i] += from[i].
  void (*add)(std::int64_t n, const float* from, float* to);
};

extern const GemmRow kGemmAvx512, kGemmAvx2, kGemmReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const GemmRow* const> gemm_rows();

void linear_forward(const GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* x,
                    std::int64_t ldx, const float* w, const float* bias, Activation activation, float* pre_activation,
                    float* y, std::int64_t ldy, BiasOrder order = BiasOrder::first);
void linear_input_gradient(const GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* dy,
                           std::int64_t lddy, const float* w, bool accumulate, float* dx, std::int64_t lddx);
void linear_weight_gradient(const GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* dy,
                            std::int64_t lddy, const float* x, std::int64_t ldx, bool accumulate, float* dw,
                            float* dbias);

}  // namespace ingot::engine::kernels
