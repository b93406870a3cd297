// Sixteen floats at a time: the vocabulary of simd/avx2.h for AVX-512 (F, BW, DQ, VL).
#pragma once

#include <immintrin.h>

namespace ingot::engine {
namespace {

struct Vec {
  static constexpr int width = 16;
  __m512 v;
};

// The masked forms with all lanes chosen are the plain instructions, without the undefined operand that gcc 12 writes
// into the plain intrinsics and then warns about.
constexpr __mmask16 kAllLanes = 0xffff;

inline Vec set1(float x) { return {_mm512_set1_ps(x)}; }
inline Vec zero() { return {_mm512_setzero_ps()}; }
inline Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void store(float* p, Vec a) { _mm512_storeu_ps(p, a.v); }

// The first n lanes, 0 < n <= width; the others read as 0 and are not written.
inline __mmask16 first_lanes(int n) { return static_cast<__mmask16>(0xffffu >> (16 - n)); }
inline Vec load(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
inline void store(float* p, Vec a, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), a.v); }

// The first n lanes of a, 0 in the others.
inline Vec keep_first(Vec a, int n) { return {_mm512_maskz_mov_ps(first_lanes(n), a.v)}; }

inline Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }            // a b + c
inline Vec negative_fma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }  // c - a b
// Where a or b is NaN, min and max are b: min(bound, x) lets a NaN pass.
inline Vec min(Vec a, Vec b) { return {_mm512_maskz_min_ps(kAllLanes, a.v, b.v)}; }
inline Vec max(Vec a, Vec b) { return {_mm512_maskz_max_ps(kAllLanes, a.v, b.v)}; }
inline Vec sqrt(Vec a) { return {_mm512_maskz_sqrt_ps(kAllLanes, a.v)}; }
inline Vec abs(Vec a) { return {_mm512_abs_ps(a.v)}; }
inline Vec round(Vec a) {
  return {_mm512_maskz_roundscale_ps(kAllLanes, a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
// a where condition_left > condition_right, else b.
inline Vec select_greater(Vec condition_left, Vec condition_right, Vec a, Vec b) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(condition_left.v, condition_right.v, _CMP_GT_OQ), b.v, a.v)};
}
// a 2^n for integral n with a 2^n in the normal range.
inline Vec scale_by_power(Vec a, Vec n) { return {_mm512_maskz_scalef_ps(kAllLanes, a.v, n.v)}; }

inline __m256 lower_half(__m512 a) { return _mm512_maskz_extractf32x8_ps(0xff, a, 0); }
inline __m256 upper_half(__m512 a) { return _mm512_maskz_extractf32x8_ps(0xff, a, 1); }

// Horizontal sum and maximum, by halves: a fixed order, hence reproducible.
inline float sum(Vec a) {
  const __m256 half = _mm256_add_ps(lower_half(a.v), upper_half(a.v));
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float maximum(Vec a) {
  const __m256 half = _mm256_max_ps(lower_half(a.v), upper_half(a.v));
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

// Sixteen sums of squares in double: lane i sums p[i]^2, which is exact before it is added.
struct SquareSums {
  __m512d v[2] = {_mm512_setzero_pd(), _mm512_setzero_pd()};
};
inline void add_squares(SquareSums& sums, const float* p) {
  for (int i = 0; i < 2; ++i) {
    const __m512d x = _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(p + 8 * i));
    sums.v[i] = _mm512_fmadd_pd(x, x, sums.v[i]);
  }
}
inline double sum(const SquareSums& sums) {  // by halves, in the same order for every width
  const __m512d r = _mm512_add_pd(sums.v[0], sums.v[1]);
  const __m256d s = _mm256_add_pd(_mm512_maskz_extractf64x4_pd(0xf, r, 0), _mm512_maskz_extractf64x4_pd(0xf, r, 1));
  const __m128d t = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
  return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
}

}  // namespace
}  // namespace ingot::engine
