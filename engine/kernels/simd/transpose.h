// Transposes a square of Vec::width x Vec::width floats in registers. Include after simd/avx2.h or simd/avx512.h.
#pragma once

namespace ingot::engine {
namespace {

#ifdef __AVX512F__
// Pairs of rows, then pairs of pairs within 128-bit quarters, then the quarters as a 4 x 4 matrix. The masked forms
// with all lanes chosen are the plain instructions, without the undefined operand that gcc 12 warns about.
inline void transpose(Vec (&rows)[16]) {
  __m512 pairs[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_maskz_unpacklo_ps(0xffff, rows[i].v, rows[i + 1].v);
    pairs[i + 1] = _mm512_maskz_unpackhi_ps(0xffff, rows[i].v, rows[i + 1].v);
  }
  __m512 fours[16];  // fours[4 i + j]: rows 4 i .. 4 i + 3 of columns j, 4 + j, 8 + j, 12 + j
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
#pragma GCC unroll 2
    for (int j = 0; j < 2; ++j) {
      const __m512d a = _mm512_castps_pd(pairs[i + j]), b = _mm512_castps_pd(pairs[i + j + 2]);
      fours[i + 2 * j] = _mm512_castpd_ps(_mm512_maskz_unpacklo_pd(0xff, a, b));
      fours[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(0xff, a, b));
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const __m512 low = _mm512_maskz_shuffle_f32x4(0xffff, fours[j], fours[4 + j], 0x88);  // quarters 0, 2 of both
    const __m512 high = _mm512_maskz_shuffle_f32x4(0xffff, fours[8 + j], fours[12 + j], 0x88);
    const __m512 low_odd = _mm512_maskz_shuffle_f32x4(0xffff, fours[j], fours[4 + j], 0xdd);  // quarters 1, 3
    const __m512 high_odd = _mm512_maskz_shuffle_f32x4(0xffff, fours[8 + j], fours[12 + j], 0xdd);
    rows[j].v = _mm512_maskz_shuffle_f32x4(0xffff, low, high, 0x88);
    rows[4 + j].v = _mm512_maskz_shuffle_f32x4(0xffff, low_odd, high_odd, 0x88);
    rows[8 + j].v = _mm512_maskz_shuffle_f32x4(0xffff, low, high, 0xdd);
    rows[12 + j].v = _mm512_maskz_shuffle_f32x4(0xffff, low_odd, high_odd, 0xdd);
  }
}
#else
// Pairs of rows, then pairs of pairs within 128-bit halves, then the halves.
inline void transpose(Vec (&rows)[8]) {
  __m256 pairs[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(rows[i].v, rows[i + 1].v);
    pairs[i + 1] = _mm256_unpackhi_ps(rows[i].v, rows[i + 1].v);
  }
  __m256 fours[8];  // fours[4 i + j]: rows 4 i .. 4 i + 3 of columns j, 4 + j
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
#pragma GCC unroll 2
    for (int j = 0; j < 2; ++j) {
      fours[i + 2 * j] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
      fours[i + 2 * j + 1] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    rows[j].v = _mm256_permute2f128_ps(fours[j], fours[4 + j], 0x20);
    rows[4 + j].v = _mm256_permute2f128_ps(fours[j], fours[4 + j], 0x31);
  }
}
#endif

}  // namespace
}  // namespace ingot::engine
