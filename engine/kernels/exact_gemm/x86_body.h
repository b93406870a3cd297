// Products over Doubles, written once for every width: a tile of dot products, each in the lanes of one register. The
// including file has brought Doubles and the sides of the tile, kRows and kColumns.
#pragma once

namespace ingot::engine::kernels {
namespace {

// The sums of kM rows and kN channels; what is left of k goes one by one.
template <int kM, int kN>
inline void tile(const ExactBlock& t) {
  Doubles sum[kM][kN];
#pragma GCC unroll 8
  for (int i = 0; i < kM; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kN; ++j) sum[i][j] = set1_doubles(0.0);
  }
  std::int64_t p = 0;
  for (; p + Doubles::width <= t.k; p += Doubles::width) {
    Doubles w[kN];
#pragma GCC unroll 8
    for (int j = 0; j < kN; ++j) w[j] = load_floats(t.w + j * t.k + p);
#pragma GCC unroll 8
    for (int i = 0; i < kM; ++i) {
      const Doubles x = load_floats(t.x + i * t.ldx + p);
#pragma GCC unroll 8
      for (int j = 0; j < kN; ++j) sum[i][j] = fma(x, w[j], sum[i][j]);
    }
  }
  for (int i = 0; i < kM; ++i) {
    for (int j = 0; j < kN; ++j) {
      double total = lane_sum(sum[i][j]);
      for (std::int64_t q = p; q < t.k; ++q)
        total += static_cast<double>(t.x[i * t.ldx + q]) * static_cast<double>(t.w[j * t.k + q]);
      t.sums[i * t.ld + j] = total;
    }
  }
}

template <int kN>
inline void rows_of(const ExactBlock& block) {
  ExactBlock t = block;
  std::int64_t i = 0;
  for (; i + kRows <= block.m; i += kRows, t.x += kRows * t.ldx, t.sums += kRows * t.ld) tile<kRows, kN>(t);
  for (; i < block.m; ++i, t.x += t.ldx, t.sums += t.ld) tile<1, kN>(t);
}

void multiply_block(const ExactBlock& block) {
  ExactBlock t = block;
  std::int64_t j = 0;
  for (; j + kColumns <= block.n; j += kColumns, t.w += kColumns * t.k, t.sums += kColumns) rows_of<kColumns>(t);
  for (; j < block.n; ++j, t.w += t.k, ++t.sums) rows_of<1>(t);
}

}  // namespace
}  // namespace ingot::engine::kernels
