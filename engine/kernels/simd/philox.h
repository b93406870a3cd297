// Dropout multipliers for 128 columns at a time: the definition of dropout/dropout.h and the rounds of base/rng.h's
// philox, on all lanes. Include after simd/avx2.h or simd/avx512.h.
//
// The 16 counters of a group are held as two sets, even and odd lanes, each counter in the low half of a 64-bit lane
// with anything above it: a widening multiplication reads low halves only and leaves its two result words where the
// next round wants them, so a round costs two multiplications, two shifts and two exclusive ors for each register.
#pragma once

#include <cstdint>

namespace ingot::engine {
namespace {

// What a mask needs of a Dropout, in plain fields: kernels call no function of another file.
struct MaskSource {
  std::uint32_t keys[20];  // k0, k1 of the ten rounds
  std::uint32_t stream[2];
  std::uint32_t threshold;  // kept when 16 bits >= threshold
  float scale;              // of what is kept
};

inline MaskSource mask_source(std::uint64_t seed, std::uint64_t stream, std::uint32_t threshold, float scale) {
  MaskSource source{
      {}, {static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)}, threshold, scale};
  for (std::uint32_t round = 0; round < 10; ++round) {
    source.keys[2 * round] = static_cast<std::uint32_t>(seed) + round * 0x9E3779B9u;
    source.keys[2 * round + 1] = static_cast<std::uint32_t>(seed >> 32) + round * 0xBB67AE85u;
  }
  return source;
}

#ifdef __AVX512F__
// The masked forms with all lanes chosen are the plain instructions, without the undefined operand that gcc 12 writes
// into the plain intrinsics and then warns about.
struct Words {
  static constexpr int count = 8;  // 64-bit lanes
  __m512i v;
};
inline Words words(std::uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
inline Words counter_words(std::uint32_t first) {  // first, first + 2, first + 4 ...
  return {_mm512_add_epi32(words(first).v, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14))};
}
inline Words multiply(Words a, Words b) { return {_mm512_maskz_mul_epu32(0xff, a.v, b.v)}; }  // low halves, to 64 bits
inline Words high(Words a) { return {_mm512_maskz_srli_epi64(0xff, a.v, 32)}; }
inline Words exclusive_or(Words a, Words b, Words c) { return {_mm512_ternarylogic_epi32(a.v, b.v, c.v, 0x96)}; }
inline Words interleave(Words even, Words odd) {  // low halves of both, in the order of their lanes
  return {_mm512_mask_blend_epi32(0xaaaa, even.v, _mm512_maskz_slli_epi64(0xff, odd.v, 32))};
}
inline Words low_to_high(Words a) {
  return {_mm512_maskz_slli_epi32(0xffff, a.v, 16)};
}  // low half-word of each 32-bit lane
// scale where the high half-word of a lane >= that of the limit (whose low half-word is 0), else 0.
inline Vec kept(Words a, Words limit, Vec scale) {
  return {_mm512_maskz_mov_ps(_mm512_cmpge_epu32_mask(a.v, limit.v), scale.v)};
}
#else
struct Words {
  static constexpr int count = 4;
  __m256i v;
};
inline Words words(std::uint32_t x) { return {_mm256_set1_epi32(static_cast<int>(x))}; }
inline Words counter_words(std::uint32_t first) {
  return {_mm256_add_epi32(words(first).v, _mm256_setr_epi64x(0, 2, 4, 6))};
}
inline Words multiply(Words a, Words b) { return {_mm256_mul_epu32(a.v, b.v)}; }
inline Words high(Words a) { return {_mm256_srli_epi64(a.v, 32)}; }
inline Words exclusive_or(Words a, Words b, Words c) { return {_mm256_xor_si256(_mm256_xor_si256(a.v, b.v), c.v)}; }
inline Words interleave(Words even, Words odd) {
  return {_mm256_blend_epi32(even.v, _mm256_slli_epi64(odd.v, 32), 0xaa)};
}
inline Words low_to_high(Words a) { return {_mm256_slli_epi32(a.v, 16)}; }
inline Vec kept(Words a, Words limit, Vec scale) {
  const __m256i keep = _mm256_cmpeq_epi32(_mm256_max_epu32(a.v, limit.v), a.v);
  return {_mm256_and_ps(_mm256_castsi256_ps(keep), scale.v)};
}
#endif

// The four result words of the counters {first, row, stream}, {first + 2, row, stream} ...
inline void philox_words(const MaskSource& source, std::uint32_t row, std::uint32_t first, Words (&counter)[4]) {
  counter[0] = counter_words(first);
  counter[1] = words(row);
  counter[2] = words(source.stream[0]);
  counter[3] = words(source.stream[1]);
  const Words m0 = words(0xD2511F53u), m1 = words(0xCD9E8D57u);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const Words a = multiply(counter[0], m0), b = multiply(counter[2], m1);
    counter[0] = exclusive_or(high(b), counter[1], words(source.keys[2 * round]));
    counter[1] = b;
    counter[2] = exclusive_or(high(a), counter[3], words(source.keys[2 * round + 1]));
    counter[3] = a;
  }
}

// Calls use(column, multipliers) for the columns 128 group + column .. + Vec::width - 1 of a row, for each multiple
// `column` of the width below 128.
template <class Use>
inline void for_mask_columns(const MaskSource& source, std::uint32_t row, std::uint32_t group, const Use& use) {
  const Vec scale = set1(source.scale);
  const Words limit = words(source.threshold << 16);
  for (int lane = 0; lane < 16; lane += Vec::width) {
    Words even[4], odd[4];
    const std::uint32_t first = 16 * group + static_cast<std::uint32_t>(lane);
    philox_words(source, row, first, even);
    philox_words(source, row, first + 1, odd);
#pragma GCC unroll 4
    for (int word = 0; word < 4; ++word) {
      const Words both = interleave(even[word], odd[word]);
      use(32 * word + lane, kept(low_to_high(both), limit, scale));
      use(32 * word + 16 + lane, kept(both, limit, scale));
    }
  }
}

// The multipliers of the columns 128 group .. 128 group + 127 of a row: `scale` where kept, 0 where dropped.
inline void mask_columns(const MaskSource& source, std::uint32_t row, std::uint32_t group, float* multipliers) {
  for_mask_columns(source, row, group, [&](int column, Vec mask) { store(multipliers + column, mask); });
}

}  // namespace
}  // namespace ingot::engine
