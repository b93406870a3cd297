// Four doubles at a time, read from floats and integers and written as such: the vocabulary of quantisation, for AVX2.
// simd/doubles_avx512.h says the same words with eight. A per-ISA file includes exactly one of the two. All names have
// internal linkage, so that no linker can pick one file's code for another CPU.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace ingot::engine {
namespace {

struct Doubles {
  static constexpr int width = 4;
  __m256d v;
};

inline Doubles set1_doubles(double x) { return {_mm256_set1_pd(x)}; }
inline Doubles load_doubles(const double* p) { return {_mm256_loadu_pd(p)}; }
inline void store_doubles(double* p, Doubles a) { _mm256_storeu_pd(p, a.v); }
inline Doubles load_floats(const float* p) { return {_mm256_cvtps_pd(_mm_loadu_ps(p))}; }
inline void store_floats(float* p, Doubles a) { _mm_storeu_ps(p, _mm256_cvtpd_ps(a.v)); }

inline __m128i lower_bytes(const void* p) {
  std::int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return _mm_cvtsi32_si128(four);
}
inline Doubles load_codes(const std::int8_t* p) { return {_mm256_cvtepi32_pd(_mm_cvtepi8_epi32(lower_bytes(p)))}; }
inline Doubles load_codes(const std::uint8_t* p) { return {_mm256_cvtepi32_pd(_mm_cvtepu8_epi32(lower_bytes(p)))}; }
inline Doubles load_codes(const std::int16_t* p) {
  return {_mm256_cvtepi32_pd(_mm_cvtepi16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))))};
}
inline Doubles load_codes(const std::int32_t* p) {
  return {_mm256_cvtepi32_pd(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}

// Integers within the type.
inline void store_bytes(void* p, Doubles a) {
  const __m128i codes = _mm_shuffle_epi8(_mm256_cvtpd_epi32(a.v), _mm_set1_epi32(0x0c080400));
  const std::int32_t four = _mm_cvtsi128_si32(codes);
  __builtin_memcpy(p, &four, sizeof four);
}
inline void store_codes(std::int8_t* p, Doubles a) { store_bytes(p, a); }
inline void store_codes(std::uint8_t* p, Doubles a) { store_bytes(p, a); }
inline void store_codes(std::int16_t* p, Doubles a) {
  const __m128i codes = _mm256_cvtpd_epi32(a.v);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi32(codes, codes));
}
inline void store_codes(std::int32_t* p, Doubles a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtpd_epi32(a.v));
}

inline Doubles operator*(Doubles a, Doubles b) { return {_mm256_mul_pd(a.v, b.v)}; }
inline Doubles operator+(Doubles a, Doubles b) { return {_mm256_add_pd(a.v, b.v)}; }
inline Doubles operator/(Doubles a, Doubles b) { return {_mm256_div_pd(a.v, b.v)}; }
inline Doubles fma(Doubles a, Doubles b, Doubles c) { return {_mm256_fmadd_pd(a.v, b.v, c.v)}; }  // a b + c
inline Doubles min(Doubles a, Doubles b) { return {_mm256_min_pd(a.v, b.v)}; }
inline Doubles max(Doubles a, Doubles b) { return {_mm256_max_pd(a.v, b.v)}; }
inline Doubles zero_for_nan(Doubles a) { return {_mm256_and_pd(a.v, _mm256_cmp_pd(a.v, a.v, _CMP_ORD_Q))}; }
inline Doubles nearest_even(Doubles a) { return {_mm256_round_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
inline Doubles floor(Doubles a) { return {_mm256_round_pd(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)}; }
inline Doubles truncate(Doubles a) { return {_mm256_round_pd(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)}; }
inline double lane_sum(Doubles a) {
  const __m128d s = _mm_add_pd(_mm256_castpd256_pd128(a.v), _mm256_extractf128_pd(a.v, 1));
  return _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)));
}
// 1/2 with the sign of a.
inline Doubles signed_half(Doubles a) {
  return {_mm256_or_pd(_mm256_set1_pd(0.5), _mm256_and_pd(a.v, _mm256_set1_pd(-0.0)))};
}

}  // namespace
}  // namespace ingot::engine
