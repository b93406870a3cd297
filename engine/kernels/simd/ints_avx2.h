// Eight 32-bit integers at a time, or their halves and bytes: the vocabulary of the integer kernels, for AVX2.
// simd/ints_avx512.h says the same words with sixteen. A per-ISA file includes exactly one of the two. All names have
// internal linkage, so that no linker can pick one file's code for another CPU.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "engine/kernels/simd/avx2.h"

namespace ingot::engine {
namespace {

struct Ints {
  static constexpr int width = 8;   // 32-bit lanes
  static constexpr int bytes = 32;  // of the vector
  __m256i v;
};

inline Ints load_ints(const void* p) { return {_mm256_loadu_si256(static_cast<const __m256i*>(p))}; }
inline void store_ints(void* p, Ints a) { _mm256_storeu_si256(static_cast<__m256i*>(p), a.v); }
inline Ints set1_ints(std::int32_t x) { return {_mm256_set1_epi32(x)}; }
inline Ints set1_words(std::int16_t x) { return {_mm256_set1_epi16(x)}; }
inline Ints set1_bytes(std::uint8_t x) { return {_mm256_set1_epi8(static_cast<char>(x))}; }

inline Ints add_ints(Ints a, Ints b) { return {_mm256_add_epi32(a.v, b.v)}; }
inline Ints add_words(Ints a, Ints b) { return {_mm256_add_epi16(a.v, b.v)}; }
inline Ints subtract_words(Ints a, Ints b) { return {_mm256_sub_epi16(a.v, b.v)}; }
inline Ints max_words(Ints a, Ints b) { return {_mm256_max_epi16(a.v, b.v)}; }
inline Ints min_unsigned_words(Ints a, Ints b) { return {_mm256_min_epu16(a.v, b.v)}; }
// Keeps the compiler from adding up a chain of sums in another order, which would take more registers than there are.
inline void keep_order(Ints& a) { asm("" : "+x"(a.v)); }
inline Ints add_bytes(Ints a, Ints b) { return {_mm256_add_epi8(a.v, b.v)}; }
inline Ints bit_and(Ints a, Ints b) { return {_mm256_and_si256(a.v, b.v)}; }
inline Ints bit_or(Ints a, Ints b) { return {_mm256_or_si256(a.v, b.v)}; }
inline Ints bit_xor(Ints a, Ints b) { return {_mm256_xor_si256(a.v, b.v)}; }
inline Ints min_ints(Ints a, Ints b) { return {_mm256_min_epi32(a.v, b.v)}; }
inline Ints max_ints(Ints a, Ints b) { return {_mm256_max_epi32(a.v, b.v)}; }
inline Ints shift_words_right(Ints a, int count) { return {_mm256_srli_epi16(a.v, count)}; }

// Lane by lane, 0 <= count: to the left zeros come in, to the right copies of the sign.
inline Ints shift_left(Ints a, Ints count) { return {_mm256_sllv_epi32(a.v, count.v)}; }
inline Ints shift_right(Ints a, Ints count) { return {_mm256_srav_epi32(a.v, count.v)}; }

// 16-bit lanes: sums of two neighbouring products u8 s8, saturating; 32-bit lanes: of two products s16 s16, wrapping.
inline Ints multiply_bytes(Ints u8, Ints s8) { return {_mm256_maddubs_epi16(u8.v, s8.v)}; }
inline Ints multiply_words(Ints a, Ints b) { return {_mm256_madd_epi16(a.v, b.v)}; }

// a - 1 where a < b, else a.
inline Ints less_one_below(Ints a, Ints b) { return {_mm256_add_epi32(a.v, _mm256_cmpgt_epi32(b.v, a.v))}; }
// a, made even where `test` has no bit of `mask`.
inline Ints even_where_clear(Ints a, Ints test, Ints mask) {
  const __m256i clear = _mm256_cmpeq_epi32(_mm256_and_si256(test.v, mask.v), _mm256_setzero_si256());
  return {_mm256_andnot_si256(_mm256_srli_epi32(clear, 31), a.v)};
}

inline std::int32_t lane_sum(Ints a) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  s = _mm_add_epi32(s, _mm_unpackhi_epi64(s, s));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 1)));
}
inline std::int16_t highest_word(Ints a) {
  const __m128i s = _mm_max_epi16(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  // The least of unsigned numbers, which fall as the signed ones rise.
  const __m128i falling = _mm_xor_si128(s, _mm_set1_epi16(0x7fff));
  return static_cast<std::int16_t>(_mm_cvtsi128_si32(_mm_minpos_epu16(falling)) ^ 0x7fff);
}

inline std::int32_t highest(Ints a) {
  __m128i s = _mm_max_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  s = _mm_max_epi32(s, _mm_unpackhi_epi64(s, s));
  return _mm_cvtsi128_si32(_mm_max_epi32(s, _mm_shuffle_epi32(s, 1)));
}

// The same bits as floats, as integers.
inline Vec floats_of(Ints a) { return {_mm256_castsi256_ps(a.v)}; }
inline Ints bits_of(Vec a) { return {_mm256_castps_si256(a.v)}; }
// x where a < b, else y.
inline Ints select_less(Ints a, Ints b, Ints x, Ints y) {
  return {_mm256_blendv_epi8(y.v, x.v, _mm256_cmpgt_epi32(b.v, a.v))};
}

// 256 words, looked up by words that are below 256.
class WordTable {
 public:
  explicit WordTable(const std::int16_t* words) : words_(words) {}
  Ints operator()(Ints at) const {
    alignas(32) std::uint16_t words[16];
    _mm256_store_si256(reinterpret_cast<__m256i*>(words), at.v);
    for (std::uint16_t& word : words) word = static_cast<std::uint16_t>(words_[word]);
    return {_mm256_load_si256(reinterpret_cast<const __m256i*>(words))};
  }

 private:
  const std::int16_t* words_;
};

// Exact up to 24 bits.
inline Vec to_floats(Ints a) { return {_mm256_cvtepi32_ps(a.v)}; }

// Ints::width codes as 32-bit lanes.
inline Ints load_wide(const std::int8_t* p) {
  return {_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))};
}
inline Ints load_wide(const std::int16_t* p) {
  return {_mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline Ints load_wide(const std::int32_t* p) { return load_ints(p); }

// Ints::bytes / 2 bytes as 16-bit lanes.
inline Ints load_unsigned_bytes(const void* p) {
  return {_mm256_cvtepu8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)))};
}
inline Ints load_signed_bytes(const void* p) {
  return {_mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)))};
}

// The low bytes of 16-bit lanes.
inline void store_low_bytes(void* p, Ints words) {
  const __m256i bytes = _mm256_and_si256(words.v, _mm256_set1_epi16(0xff));
  _mm_storeu_si128(static_cast<__m128i*>(p),
                   _mm_packus_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
}

// The low n_bytes (1 or 2) of each lane of a, then of b; `room` values of n_bytes may be written.
inline void store_low(void* p, int n_bytes, Ints a, Ints b, std::int64_t room) {
  alignas(32) char codes[32];
  const bool all = room >= 2 * Ints::width;
  char* to = all ? static_cast<char*>(p) : codes;
  const __m256i low = _mm256_set1_epi32(0xffff);
  const __m256i words =
      _mm256_permute4x64_epi64(_mm256_packus_epi32(_mm256_and_si256(a.v, low), _mm256_and_si256(b.v, low)), 0xd8);
  if (n_bytes == 2) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), words);
  } else {
    const __m256i bytes = _mm256_and_si256(words, _mm256_set1_epi16(0xff));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm_packus_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
  }
  if (!all) __builtin_memcpy(p, codes, static_cast<std::size_t>(room * n_bytes));
}

}  // namespace
}  // namespace ingot::engine
