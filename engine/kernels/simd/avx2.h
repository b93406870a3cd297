// Eight floats at a time: the vocabulary in which kernel bodies are written, for AVX2 with FMA. simd/avx512.h says the
// same words with sixteen. A per-ISA file includes exactly one of the two, then the body. All names have internal
// linkage, so that no linker can pick one file's code for another CPU.
#pragma once

#include <immintrin.h>

namespace ingot::engine {
namespace {

struct Vec {
  static constexpr int width = 8;
  __m256 v;
};

inline Vec set1(float x) { return {_mm256_set1_ps(x)}; }
inline Vec zero() { return {_mm256_setzero_ps()}; }
inline Vec load(const float* p) { return {_mm256_loadu_ps(p)}; }
inline void store(float* p, Vec a) { _mm256_storeu_ps(p, a.v); }

// The first n lanes, 0 < n <= width; the others read as 0 and are not written.
inline __m256i first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Vec load(const float* p, int n) { return {_mm256_maskload_ps(p, first_lanes(n))}; }
inline void store(float* p, Vec a, int n) { _mm256_maskstore_ps(p, first_lanes(n), a.v); }

// The first n lanes of a, 0 in the others.
inline Vec keep_first(Vec a, int n) { return {_mm256_and_ps(a.v, _mm256_castsi256_ps(first_lanes(n)))}; }

inline Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline Vec operator/(Vec a, Vec b) { return {_mm256_div_ps(a.v, b.v)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }            // a b + c
inline Vec negative_fma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_ps(a.v, b.v, c.v)}; }  // c - a b
// Where a or b is NaN, min and max are b: min(bound, x) lets a NaN pass.
inline Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.v, b.v)}; }
inline Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.v, b.v)}; }
inline Vec sqrt(Vec a) { return {_mm256_sqrt_ps(a.v)}; }
inline Vec abs(Vec a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
inline Vec round(Vec a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
// a where condition_left > condition_right, else b.
inline Vec select_greater(Vec condition_left, Vec condition_right, Vec a, Vec b) {
  return {_mm256_blendv_ps(b.v, a.v, _mm256_cmp_ps(condition_left.v, condition_right.v, _CMP_GT_OQ))};
}
// a 2^n for integral n with a 2^n in the normal range.
inline Vec scale_by_power(Vec a, Vec n) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n.v), 23);
  return {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a.v), exponent))};
}

// Horizontal sum and maximum, by halves: a fixed order, hence reproducible.
inline float sum(Vec a) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float maximum(Vec a) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

// Sixteen sums of squares in double: lane i sums p[i]^2, which is exact before it is added.
struct SquareSums {
  __m256d v[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
};
inline void add_squares(SquareSums& sums, const float* p) {
  for (int i = 0; i < 4; ++i) {
    const __m256d x = _mm256_cvtps_pd(_mm_loadu_ps(p + 4 * i));
    sums.v[i] = _mm256_fmadd_pd(x, x, sums.v[i]);
  }
}
inline double sum(const SquareSums& sums) {  // by halves, in the same order for every width
  const __m256d s = _mm256_add_pd(_mm256_add_pd(sums.v[0], sums.v[2]), _mm256_add_pd(sums.v[1], sums.v[3]));
  const __m128d t = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
  return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
}

}  // namespace
}  // namespace ingot::engine
