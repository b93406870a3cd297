// Eight doubles at a time: the vocabulary of simd/doubles_avx2.h for AVX-512 (F, BW, DQ, VL).
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace ingot::engine {
namespace {

struct Doubles {
  static constexpr int width = 8;
  __m512d v;
};

inline Doubles set1_doubles(double x) { return {_mm512_set1_pd(x)}; }
inline Doubles load_doubles(const double* p) { return {_mm512_loadu_pd(p)}; }
inline void store_doubles(double* p, Doubles a) { _mm512_storeu_pd(p, a.v); }
inline Doubles load_floats(const float* p) { return {_mm512_cvtps_pd(_mm256_loadu_ps(p))}; }
inline void store_floats(float* p, Doubles a) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(a.v)); }

inline __m128i lower_bytes(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
inline Doubles load_codes(const std::int8_t* p) { return {_mm512_cvtepi32_pd(_mm256_cvtepi8_epi32(lower_bytes(p)))}; }
inline Doubles load_codes(const std::uint8_t* p) { return {_mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(lower_bytes(p)))}; }
inline Doubles load_codes(const std::int16_t* p) {
  return {_mm512_cvtepi32_pd(_mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
}
inline Doubles load_codes(const std::int32_t* p) {
  return {_mm512_cvtepi32_pd(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}

// Integers within the type.
inline void store_bytes(void* p, Doubles a) {
  _mm_storel_epi64(static_cast<__m128i*>(p), _mm256_cvtepi32_epi8(_mm512_cvtpd_epi32(a.v)));
}
inline void store_codes(std::int8_t* p, Doubles a) { store_bytes(p, a); }
inline void store_codes(std::uint8_t* p, Doubles a) { store_bytes(p, a); }
inline void store_codes(std::int16_t* p, Doubles a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtepi32_epi16(_mm512_cvtpd_epi32(a.v)));
}
inline void store_codes(std::int32_t* p, Doubles a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtpd_epi32(a.v));
}

inline Doubles operator*(Doubles a, Doubles b) { return {_mm512_mul_pd(a.v, b.v)}; }
inline Doubles operator+(Doubles a, Doubles b) { return {_mm512_add_pd(a.v, b.v)}; }
inline Doubles operator/(Doubles a, Doubles b) { return {_mm512_div_pd(a.v, b.v)}; }
inline Doubles fma(Doubles a, Doubles b, Doubles c) { return {_mm512_fmadd_pd(a.v, b.v, c.v)}; }  // a b + c
inline Doubles min(Doubles a, Doubles b) { return {_mm512_min_pd(a.v, b.v)}; }
inline Doubles max(Doubles a, Doubles b) { return {_mm512_max_pd(a.v, b.v)}; }
inline Doubles zero_for_nan(Doubles a) { return {_mm512_maskz_mov_pd(_mm512_cmp_pd_mask(a.v, a.v, _CMP_ORD_Q), a.v)}; }
inline Doubles nearest_even(Doubles a) {
  return {_mm512_roundscale_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline Doubles floor(Doubles a) { return {_mm512_roundscale_pd(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)}; }
inline Doubles truncate(Doubles a) { return {_mm512_roundscale_pd(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)}; }
inline double lane_sum(Doubles a) {
  const __m256d half =
      _mm256_add_pd(_mm512_maskz_extractf64x4_pd(0xf, a.v, 0), _mm512_maskz_extractf64x4_pd(0xf, a.v, 1));
  const __m128d s = _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd(half, 1));
  return _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)));
}
// 1/2 with the sign of a.
inline Doubles signed_half(Doubles a) {
  return {_mm512_or_pd(_mm512_set1_pd(0.5), _mm512_and_pd(a.v, _mm512_set1_pd(-0.0)))};
}

}  // namespace
}  // namespace ingot::engine
