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

// The pairs of one line from p on, of which `count` values are there.
inline Vec pairs_along(const float* p, std::int64_t count) {
  return {reinterpret_cast<__m512>(_mm512_cvtne2ps_pbh(load_lanes(p + kSide, count - kSide), load_lanes(p, count)))};
}

// Value p of `lines` lines in a pair with the next one, which is missing if `is_last`.
inline Vec pairs_across(const float* p, std::int64_t ld, std::int64_t lines, bool is_last) {
  alignas(64) static constexpr std::uint16_t kInterleaved[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                                 21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                                 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512 second = is_last ? _mm512_setzero_ps() : load_lanes(p + ld, lines);
  const auto halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, load_lanes(p, lines)));
  return {_mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xffffffffu, _mm512_load_si512(kInterleaved), halves))};
}

// kLeft: a row of the tile is a line.
template <bool kLeft>
inline void pack_tile(const Bf16Factor& f, std::int64_t i, std::int64_t p, Bf16* to) {
  Vec rows[kSide];
  if (f.lines_are_rows) {
#pragma GCC unroll 16
    for (int r = 0; r < kSide; ++r)
      rows[r] = i + r < f.lines ? pairs_along(f.at + (i + r) * f.ld + p, f.inner - p) : zero();
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < kSide; ++r) {
      const std::int64_t q = p + 2 * r;
      rows[r] = q < f.inner ? pairs_across(f.at + q * f.ld + i, f.ld, f.lines - i, q + 1 == f.inner) : zero();
    }
  }
  if (f.lines_are_rows != kLeft) transpose(rows);
#pragma GCC unroll 16
  for (int r = 0; r < kSide; ++r) store(reinterpret_cast<float*>(to) + r * kSide, rows[r]);
}

// Memory is read in its order: along lines that are rows, else across them.
template <bool kLeft>
void pack(const Bf16Factor& f, std::int64_t line_tiles, Bf16* to) {
  const auto tile = [&](std::int64_t i, std::int64_t p) {
    pack_tile<kLeft>(f, i, p, to + (i / kSide * line_tiles + p / kTileDepth) * kTileSize);
  };
  if (f.lines_are_rows) {
    for (std::int64_t i = 0; i < f.lines; i += kSide)
      for (std::int64_t p = 0; p < f.inner; p += kTileDepth) tile(i, p);
  } else {
    for (std::int64_t p = 0; p < f.inner; p += kTileDepth)
      for (std::int64_t i = 0; i < f.lines; i += kSide) tile(i, p);
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
