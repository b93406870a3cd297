// Sixteen 32-bit integers at a time: the vocabulary of simd/ints_avx2.h for AVX-512 (F, BW, DQ, VL).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "engine/kernels/simd/avx512.h"

namespace ingot::engine {
namespace {

struct Ints {
  static constexpr int width = 16;  // 32-bit lanes
  static constexpr int bytes = 64;  // of the vector
  __m512i v;
};

inline Ints load_ints(const void* p) { return {_mm512_loadu_si512(p)}; }
inline void store_ints(void* p, Ints a) { _mm512_storeu_si512(p, a.v); }
inline Ints set1_ints(std::int32_t x) { return {_mm512_set1_epi32(x)}; }
inline Ints set1_words(std::int16_t x) { return {_mm512_set1_epi16(x)}; }
inline Ints set1_bytes(std::uint8_t x) { return {_mm512_set1_epi8(static_cast<char>(x))}; }

inline Ints add_ints(Ints a, Ints b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline Ints add_words(Ints a, Ints b) { return {_mm512_add_epi16(a.v, b.v)}; }
inline Ints subtract_words(Ints a, Ints b) { return {_mm512_sub_epi16(a.v, b.v)}; }
inline Ints max_words(Ints a, Ints b) { return {_mm512_max_epi16(a.v, b.v)}; }
inline Ints min_unsigned_words(Ints a, Ints b) { return {_mm512_min_epu16(a.v, b.v)}; }
// Keeps the compiler from adding up a chain of sums in another order, which would take more registers than there are.
inline void keep_order(Ints& a) { asm("" : "+v"(a.v)); }
inline Ints add_bytes(Ints a, Ints b) { return {_mm512_add_epi8(a.v, b.v)}; }
inline Ints bit_and(Ints a, Ints b) { return {_mm512_and_si512(a.v, b.v)}; }
inline Ints bit_or(Ints a, Ints b) { return {_mm512_or_si512(a.v, b.v)}; }
inline Ints bit_xor(Ints a, Ints b) { return {_mm512_xor_si512(a.v, b.v)}; }
inline Ints min_ints(Ints a, Ints b) { return {_mm512_min_epi32(a.v, b.v)}; }
inline Ints max_ints(Ints a, Ints b) { return {_mm512_max_epi32(a.v, b.v)}; }
inline Ints shift_words_right(Ints a, unsigned count) { return {_mm512_srli_epi16(a.v, count)}; }

// Lane by lane, 0 <= count: to the left zeros come in, to the right copies of the sign.
inline Ints shift_left(Ints a, Ints count) { return {_mm512_sllv_epi32(a.v, count.v)}; }
inline Ints shift_right(Ints a, Ints count) { return {_mm512_srav_epi32(a.v, count.v)}; }

// 16-bit lanes: sums of two neighbouring products u8 s8, saturating; 32-bit lanes: of two products s16 s16, wrapping.
inline Ints multiply_bytes(Ints u8, Ints s8) { return {_mm512_maddubs_epi16(u8.v, s8.v)}; }
inline Ints multiply_words(Ints a, Ints b) { return {_mm512_madd_epi16(a.v, b.v)}; }

// a - 1 where a < b, else a.
inline Ints less_one_below(Ints a, Ints b) {
  return {_mm512_mask_sub_epi32(a.v, _mm512_cmplt_epi32_mask(a.v, b.v), a.v, _mm512_set1_epi32(1))};
}
// a, made even where `test` has no bit of `mask`.
inline Ints even_where_clear(Ints a, Ints test, Ints mask) {
  return {_mm512_mask_and_epi32(a.v, _mm512_testn_epi32_mask(test.v, mask.v), a.v, _mm512_set1_epi32(-2))};
}

inline std::int32_t lane_sum(Ints a) { return _mm512_reduce_add_epi32(a.v); }
inline std::int16_t highest_word(Ints a) {
  const __m256i half = _mm256_max_epi16(_mm512_extracti64x4_epi64(a.v, 0), _mm512_extracti64x4_epi64(a.v, 1));
  const __m128i s = _mm_max_epi16(_mm256_extracti128_si256(half, 0), _mm256_extracti128_si256(half, 1));
  // The least of unsigned numbers, which fall as the signed ones rise.
  const __m128i falling = _mm_xor_si128(s, _mm_set1_epi16(0x7fff));
  return static_cast<std::int16_t>(_mm_cvtsi128_si32(_mm_minpos_epu16(falling)) ^ 0x7fff);
}

inline std::int32_t highest(Ints a) {
  const __m256i half = _mm256_max_epi32(_mm512_castsi512_si256(a.v), _mm512_extracti64x4_epi64(a.v, 1));
  __m128i s = _mm_max_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  s = _mm_max_epi32(s, _mm_unpackhi_epi64(s, s));
  return _mm_cvtsi128_si32(_mm_max_epi32(s, _mm_shuffle_epi32(s, 1)));
}

// The same bits as floats, as integers.
inline Vec floats_of(Ints a) { return {_mm512_castsi512_ps(a.v)}; }
inline Ints bits_of(Vec a) { return {_mm512_castps_si512(a.v)}; }
// x where a < b, else y.
inline Ints select_less(Ints a, Ints b, Ints x, Ints y) {
  return {_mm512_mask_blend_epi32(_mm512_cmplt_epi32_mask(a.v, b.v), y.v, x.v)};
}

// 256 words, looked up by words that are below 256.
class WordTable {
 public:
  explicit WordTable(const std::int16_t* words) {
    for (int i = 0; i < 8; ++i) parts_[i] = _mm512_loadu_si512(words + 32 * i);
  }
  Ints operator()(Ints at) const {
    // A step chooses among 64 words by the low 6 bits; the bits above say which step is meant.
    const __mmask32 upper = _mm512_test_epi16_mask(at.v, _mm512_set1_epi16(64)),
                    last = _mm512_test_epi16_mask(at.v, _mm512_set1_epi16(128));
    const __m512i low = _mm512_mask_mov_epi16(pair(0, at), upper, pair(2, at)),
                  high = _mm512_mask_mov_epi16(pair(4, at), upper, pair(6, at));
    return {_mm512_mask_mov_epi16(low, last, high)};
  }

 private:
  __m512i pair(int i, Ints at) const { return _mm512_permutex2var_epi16(parts_[i], at.v, parts_[i + 1]); }

  __m512i parts_[8];
};

// Exact up to 24 bits.
inline Vec to_floats(Ints a) { return {_mm512_cvtepi32_ps(a.v)}; }

// Ints::width codes as 32-bit lanes.
inline Ints load_wide(const std::int8_t* p) {
  return {_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline Ints load_wide(const std::int16_t* p) {
  return {_mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
inline Ints load_wide(const std::int32_t* p) { return load_ints(p); }

// Ints::bytes / 2 bytes as 16-bit lanes.
inline Ints load_unsigned_bytes(const void* p) {
  return {_mm512_cvtepu8_epi16(_mm256_loadu_si256(static_cast<const __m256i*>(p)))};
}
inline Ints load_signed_bytes(const void* p) {
  return {_mm512_cvtepi8_epi16(_mm256_loadu_si256(static_cast<const __m256i*>(p)))};
}

// The low bytes of 16-bit lanes.
inline void store_low_bytes(void* p, Ints words) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtepi16_epi8(words.v));
}

// The low n_bytes (1 or 2) of each lane of a, then of b; `room` values of n_bytes may be written.
inline void store_low(void* p, int n_bytes, Ints a, Ints b, std::int64_t room) {
  const __mmask32 lanes = room >= 32 ? ~__mmask32{0} : (__mmask32{1} << room) - 1;
  if (n_bytes == 2) {
    const __m512i words =
        _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(a.v)), _mm512_cvtepi32_epi16(b.v), 1);
    _mm512_mask_storeu_epi16(p, lanes, words);
  } else {
    const __m256i bytes =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm512_cvtepi32_epi8(a.v)), _mm512_cvtepi32_epi8(b.v), 1);
    _mm256_mask_storeu_epi8(p, lanes, bytes);
  }
}

}  // namespace
}  // namespace ingot::engine
