// Factors in bfloat16 tiles, by AVX-512 with BF16.
#pragma once

#include "engine/kernels/bf16_gemm/table.h"
#include "engine/kernels/simd/avx512.h"
#include "engine/kernels/simd/transpose.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kSide = static_cast<int>(kTileSide);

// `count` lanes from p, zeros in the others; any count.
inline __m512 load_lanes(const float* p, std::int64_t count) {
  if (count >= kSide) return _mm512_loadu_ps(p);
  return count <= 0 ? _mm512_setzero_ps() : load(p, static_cast<int>(count)).v;
}

// Sixteen pairs along a row: of 32 of its values.
inline Vec pairs_along(__m512 first, __m512 second) {
  return {reinterpret_cast<__m512>(_mm512_cvtne2ps_pbh(second, first))};
}

// Sixteen pairs across two rows.
inline Vec pairs_across(__m512 upper, __m512 lower) {
  alignas(64) static constexpr std::uint16_t kInterleaved[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                                 21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                                 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const auto halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(lower, upper));
  return {_mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xffffffffu, _mm512_load_si512(kInterleaved), halves))};
}

// A tile of lines i .. i + 15 and steps p .. p + 31. `values(row, column)` are sixteen values of a row of memory, zeros
// where there are none; rows are lines (kLinesAreRows) or steps. kLeft: a row of the tile is a line.
template <bool kLeft, bool kLinesAreRows, class Values>
inline void pack_tile(std::int64_t i, std::int64_t p, const Values& values, Bf16* to) {
  Vec rows[kSide];
#pragma GCC unroll 16
  for (int r = 0; r < kSide; ++r) {
    if constexpr (kLinesAreRows) {
      rows[r] = pairs_along(values(i + r, p), values(i + r, p + kSide));
    } else {
      rows[r] = pairs_across(values(p + 2 * r, i), values(p + 2 * r + 1, i));
    }
  }
  if (kLinesAreRows != kLeft) transpose(rows);
#pragma GCC unroll 16
  for (int r = 0; r < kSide; ++r) store(reinterpret_cast<float*>(to) + r * kSide, rows[r]);
}

// All tiles of a factor. Memory is read in its order: along lines that are rows, else across them.
template <bool kLeft, bool kLinesAreRows, class Values>
inline void pack_tiles(std::int64_t lines, std::int64_t inner, std::int64_t line_tiles, const Values& values,
                       Bf16* to) {
  const auto tile = [&](std::int64_t i, std::int64_t p) {
    pack_tile<kLeft, kLinesAreRows>(i, p, values, to + (i / kSide * line_tiles + p / kTileDepth) * kTileSize);
  };
  if constexpr (kLinesAreRows) {
    for (std::int64_t i = 0; i < lines; i += kSide)
      for (std::int64_t p = 0; p < inner; p += kTileDepth) tile(i, p);
  } else {
    for (std::int64_t p = 0; p < inner; p += kTileDepth)
      for (std::int64_t i = 0; i < lines; i += kSide) tile(i, p);
  }
}

template <bool kLeft>
[[maybe_unused]] void pack_factor(const Bf16Factor& f, std::int64_t line_tiles, Bf16* to) {
  const std::int64_t rows = f.lines_are_rows ? f.lines : f.inner, columns = f.lines_are_rows ? f.inner : f.lines;
  const auto values = [&](std::int64_t row, std::int64_t column) {
    return row < rows ? load_lanes(f.at + row * f.ld + column, columns - column) : _mm512_setzero_ps();
  };
  if (f.lines_are_rows) {
    pack_tiles<kLeft, true>(f.lines, f.inner, line_tiles, values, to);
  } else {
    pack_tiles<kLeft, false>(f.lines, f.inner, line_tiles, values, to);
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
