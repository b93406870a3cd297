// How products in bfloat16 are cut into tasks. The right factor is packed once, by all threads; each task packs its
// rows of the left factor. No cut decides what is summed in which order.
#include "engine/kernels/bf16_gemm/bf16_gemm.h"

#include <algorithm>

#include "engine/base/divide.h"
#include "engine/base/scratch.h"
#include "engine/base/threads.h"
#include "engine/kernels/bf16_gemm/table.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/gemm/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const Bf16GemmRow* kRows[] = {
#if defined(__x86_64__)
    &kBf16GemmAmx,       &kBf16GemmAvx512bf16,
#endif
    &kBf16GemmReference, &kBf16GemmTileModel,  &kBf16GemmPairModel,
};

constexpr std::int64_t kTaskRows = 64;      // of c: the rows of a stay in the first-level cache
constexpr std::int64_t kTaskColumns = 512;  // of c
constexpr std::int64_t kDepth = 256;  // of the inner dimension: 32 columns of b are 16 KiB of the first-level cache
constexpr std::int64_t kPackWork = 1 << 14;  // numbers packed in one task

Bf16* bf16_scratch(Scratch slot, std::int64_t n) { return reinterpret_cast<Bf16*>(scratch(slot, ceil_div(n, 2))); }

Bf16Factor lines_of(const Bf16Factor& f, std::int64_t first, std::int64_t last) {
  Bf16Factor part = f;
  part.lines = last - first;
  part.at += f.lines_are_rows ? first * f.ld : first;
  return part;
}

Bf16Factor steps_of(const Bf16Factor& f, std::int64_t first, std::int64_t last) {
  Bf16Factor part = f;
  part.inner = last - first;
  part.at += f.lines_are_rows ? first : first * f.ld;
  return part;
}

// The right factor, by all threads, each of which reads rows of it.
void pack_right(const Bf16GemmRow& row, const Bf16Factor& f, Bf16* to) {
  const std::int64_t tiles = ceil_div(f.inner, kTileDepth);
  const auto grain = [](std::int64_t length, std::int64_t unit) {
    return round_up(std::max<std::int64_t>(1, kPackWork / std::max<std::int64_t>(length, 1)), unit);
  };
  if (f.lines_are_rows) {
    parallel_for(f.lines, grain(f.inner, kTileSide), [&](std::int64_t i0, std::int64_t i1) {
      row.pack_right(lines_of(f, i0, i1), tiles, to + i0 * tiles * kTileDepth);
    });
    return;
  }
  parallel_for(f.inner, grain(f.lines, kTileDepth), [&](std::int64_t p0, std::int64_t p1) {
    row.pack_right(steps_of(f, p0, p1), tiles, to + p0 * kTileSide);
  });
}

// c = start + a b; finish(i0, i1, j0, j1) follows each finished part of c. A deep product is cut along the inner
// dimension, and each cut goes on where c is.
template <class Finish>
void multiply(const Bf16GemmRow& row, const Bf16Factor& a, const Bf16Factor& b, const float* start,
              std::int64_t start_stride, float* c, std::int64_t ldc, const Finish& finish) {
  const std::int64_t m = a.lines, n = b.lines, across = ceil_div(n, kTaskColumns);
  std::int64_t first = 0;
  do {
    const std::int64_t last = std::min(a.inner, first + kDepth), tiles = ceil_div(last - first, kTileDepth);
    Bf16* packed = bf16_scratch(Scratch::bf16_gemm, round_up(n, kTileSide) * tiles * kTileDepth);
    pack_right(row, steps_of(b, first, last), packed);
    parallel_for(ceil_div(m, kTaskRows) * across, 1, [&](std::int64_t task, std::int64_t) {
      const std::int64_t i0 = task / across * kTaskRows, i1 = std::min(m, i0 + kTaskRows);
      const std::int64_t j0 = task % across * kTaskColumns, j1 = std::min(n, j0 + kTaskColumns);
      Bf16* rows = bf16_scratch(Scratch::bf16_rows, kTaskRows * tiles * kTileDepth);
      row.pack_left(lines_of(steps_of(a, first, last), i0, i1), tiles, rows);
      row.multiply({.m = i1 - i0,
                    .n = j1 - j0,
                    .tiles = tiles,
                    .a = rows,
                    .b = packed + j0 * tiles * kTileDepth,
                    .start = start == nullptr ? nullptr : start + i0 * start_stride + j0,
                    .start_stride = start_stride,
                    .c = c + i0 * ldc + j0,
                    .ldc = ldc});
      if (last == a.inner) finish(i0, i1, j0, j1);
    });
    start = c;
    start_stride = ldc;
    first = last;
  } while (first < a.inner);
}

// The values rounded to bfloat16, as float32, in a row after the other.
const float* rounded(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t ld, float* to) {
  parallel_for(rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j < columns; ++j) to[i * columns + j] = to_float(to_bf16(from[i * ld + j]));
  });
  return to;
}

// sums[j] (+)= the sum of column j, rows from above.
void column_sums(std::int64_t m, std::int64_t n, const float* from, std::int64_t ld, bool accumulate, float* sums) {
  const GemmRow& row = active_row(gemm_rows());
  parallel_for(n, 512, [&](std::int64_t j0, std::int64_t j1) {
    if (!accumulate) std::fill(sums + j0, sums + j1, 0.0f);
    for (std::int64_t i = 0; i < m; ++i) row.add(j1 - j0, from + i * ld + j0, sums + j0);
  });
}

constexpr auto kNothing = [](auto...) {};

}  // namespace

std::span<const Bf16GemmRow* const> bf16_gemm_rows() { return kRows; }

bool has_bf16_products() { return active_row(bf16_gemm_rows()).multiply != nullptr; }

void bf16_linear_forward(const Bf16GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* x,
                         std::int64_t ldx, const float* w, const float* bias, Activation activation,
                         float* pre_activation, float* y, std::int64_t ldy) {
  if (row.multiply == nullptr) {
    float* factors = scratch(Scratch::bf16_gemm, (m + n) * k);
    linear_forward(m, n, k, rounded(m, k, x, ldx, factors), k, rounded(n, k, w, k, factors + m * k), bias, activation,
                   pre_activation, y, ldy);
    return;
  }
  float* sums = pre_activation == nullptr ? y : pre_activation;
  multiply(row, {m, k, x, ldx, true}, {n, k, w, k, true}, bias, 0, sums, ldy, [&](auto i0, auto i1, auto j0, auto j1) {
    const std::int64_t at = i0 * ldy + j0;
    activation_forward(activation, i1 - i0, j1 - j0, sums + at, y + at, ldy);
  });
}

void bf16_linear_input_gradient(const Bf16GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* dy,
                                std::int64_t lddy, const float* w, bool accumulate, float* dx, std::int64_t lddx) {
  if (row.multiply == nullptr) {
    float* factors = scratch(Scratch::bf16_gemm, (m + k) * n);
    linear_input_gradient(m, n, k, rounded(m, n, dy, lddy, factors), n, rounded(n, k, w, k, factors + m * n),
                          accumulate, dx, lddx);
    return;
  }
  multiply(row, {m, n, dy, lddy, true}, {k, n, w, k, false}, accumulate ? dx : nullptr, lddx, dx, lddx, kNothing);
}

void bf16_linear_weight_gradient(const Bf16GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k,
                                 const float* dy, std::int64_t lddy, const float* x, std::int64_t ldx, bool accumulate,
                                 float* dw, float* dbias) {
  if (dbias != nullptr) column_sums(m, n, dy, lddy, accumulate, dbias);
  if (row.multiply == nullptr) {
    float* factors = scratch(Scratch::bf16_gemm, m * (n + k));
    linear_weight_gradient(m, n, k, rounded(m, n, dy, lddy, factors), n, rounded(m, k, x, ldx, factors + m * n), k,
                           accumulate, dw, nullptr);
    return;
  }
  multiply(row, {n, m, dy, lddy, false}, {k, m, x, ldx, false}, accumulate ? dw : nullptr, k, dw, k, kNothing);
}

void bf16_linear_forward(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx,
                         const float* w, const float* bias, Activation activation, float* pre_activation, float* y,
                         std::int64_t ldy) {
  bf16_linear_forward(active_row(bf16_gemm_rows()), m, n, k, x, ldx, w, bias, activation, pre_activation, y, ldy);
}

void bf16_linear_input_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                                const float* w, bool accumulate, float* dx, std::int64_t lddx) {
  bf16_linear_input_gradient(active_row(bf16_gemm_rows()), m, n, k, dy, lddy, w, accumulate, dx, lddx);
}

void bf16_linear_weight_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                                 const float* x, std::int64_t ldx, bool accumulate, float* dw, float* dbias) {
  bf16_linear_weight_gradient(active_row(bf16_gemm_rows()), m, n, k, dy, lddy, x, ldx, accumulate, dw, dbias);
}

}  // namespace ingot::engine::kernels
