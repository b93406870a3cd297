// Products of packed tiles.
#pragma once

#include "engine/kernels/bf16_gemm/x86_pack.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kTileRows = 8;  // of c in registers, ...
constexpr int kColumns = 2;   // ... by vectors: 16 sums, 2 of b, 1 of a

// kTileRows rows of c from row i on, kColumns vectors from column j on: `rows` and `columns` of them are there.
template <int kAcross>
void multiply_part(const Bf16Block& block, std::int64_t i, std::int64_t j) {
  const std::int64_t rows = block.m - i < kTileRows ? block.m - i : kTileRows;
  const auto lanes = [&](int v) { return block.n - j - v * kSide; };
  __m512 sum[kTileRows][kAcross];
#pragma GCC unroll 8
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kAcross; ++v)
      sum[r][v] = block.start == nullptr || r >= rows
                      ? _mm512_setzero_ps()
                      : load_lanes(block.start + (i + r) * block.start_stride + j + v * kSide, lanes(v));
  }
  const Bf16* a = block.a + i / kSide * block.tiles * kTileSize + i % kSide * kTileDepth;
  const Bf16* b = block.b + j / kSide * block.tiles * kTileSize;
  const std::int64_t next_column = block.tiles * kTileSize;
  for (std::int64_t tile = 0; tile < block.tiles; ++tile, a += kTileSize, b += kTileSize) {
#pragma GCC unroll 2
    for (int pair = 0; pair < kSide; ++pair) {
      __m512bh column[kAcross];
#pragma GCC unroll 2
      for (int v = 0; v < kAcross; ++v)
        column[v] = reinterpret_cast<__m512bh>(_mm512_load_si512(b + v * next_column + pair * kTileDepth));
#pragma GCC unroll 8
      for (int r = 0; r < kTileRows; ++r) {
        int both;
        __builtin_memcpy(&both, a + r * kTileDepth + 2 * pair, sizeof both);
        const auto row = reinterpret_cast<__m512bh>(_mm512_set1_epi32(both));
#pragma GCC unroll 2
        for (int v = 0; v < kAcross; ++v) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], row, column[v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kTileRows; ++r) {
    if (r >= rows) break;
#pragma GCC unroll 2
    for (int v = 0; v < kAcross; ++v) {
      float* c = block.c + (i + r) * block.ldc + j + v * kSide;
      if (lanes(v) >= kSide) {
        _mm512_storeu_ps(c, sum[r][v]);
      } else {
        store(c, Vec{sum[r][v]}, static_cast<int>(lanes(v)));
      }
    }
  }
}

inline void multiply_block(const Bf16Block& block) {
  std::int64_t j = 0;
  for (; j + kSide < block.n; j += kColumns * kSide)
    for (std::int64_t i = 0; i < block.m; i += kTileRows) multiply_part<kColumns>(block, i, j);
  if (j < block.n)
    for (std::int64_t i = 0; i < block.m; i += kTileRows) multiply_part<1>(block, i, j);
}

}  // namespace
}  // namespace ingot::engine::kernels
