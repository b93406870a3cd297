#include "engine/kernels/gemm/table.h"
#include "engine/kernels/simd/avx512.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kTileRows = 14;  // 28 accumulators, 2 of b, 1 of a: 31 of 32 registers

// Each of these puts sums of neighbours in a and b beside each other, lane by lane, pair by pair, quarter by quarter;
// masked forms as in simd/avx512.h.
inline __m512 fold_lanes(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_maskz_unpacklo_ps(kAllLanes, a, b), _mm512_maskz_unpackhi_ps(kAllLanes, a, b));
}
inline __m512 fold_pairs(__m512 a, __m512 b) {
  const __m512d x = _mm512_castps_pd(a), y = _mm512_castps_pd(b);
  return _mm512_add_ps(_mm512_castpd_ps(_mm512_maskz_unpacklo_pd(0xff, x, y)),
                       _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(0xff, x, y)));
}
inline __m512 fold_halves(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_maskz_shuffle_f32x4(kAllLanes, a, b, 0x44),
                       _mm512_maskz_shuffle_f32x4(kAllLanes, a, b, 0xee));
}
inline __m512 fold_quarters(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_maskz_shuffle_f32x4(kAllLanes, a, b, 0x88),
                       _mm512_maskz_shuffle_f32x4(kAllLanes, a, b, 0xdd));
}

// Lane i: the sum of the lanes of v[i].
inline Vec sums_of(const Vec (&v)[16]) {
  __m512 quads[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    quads[i] = fold_pairs(fold_lanes(v[4 * i].v, v[4 * i + 1].v), fold_lanes(v[4 * i + 2].v, v[4 * i + 3].v));
  return {fold_quarters(fold_halves(quads[0], quads[1]), fold_halves(quads[2], quads[3]))};
}

// Two floats in every pair of lanes.
inline Vec repeat_pair(const float* p) {
  double pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return {_mm512_castpd_ps(_mm512_set1_pd(pair))};
}

// Floats 2 i and 2 i + 1 of row j become 2 j and 2 j + 1 of row i.
inline void transpose_pairs(Vec (&rows)[8]) {
  __m512 twos[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    const __m512d a = _mm512_castps_pd(rows[i].v), b = _mm512_castps_pd(rows[i + 1].v);
    twos[i] = _mm512_castpd_ps(_mm512_maskz_unpacklo_pd(0xff, a, b));
    twos[i + 1] = _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(0xff, a, b));
  }
#pragma GCC unroll 2
  for (int j = 0; j < 2; ++j) {
    const __m512 low = _mm512_maskz_shuffle_f32x4(kAllLanes, twos[j], twos[2 + j], 0x88);  // quarters 0, 2 of both
    const __m512 high = _mm512_maskz_shuffle_f32x4(kAllLanes, twos[4 + j], twos[6 + j], 0x88);
    const __m512 low_odd = _mm512_maskz_shuffle_f32x4(kAllLanes, twos[j], twos[2 + j], 0xdd);  // quarters 1, 3
    const __m512 high_odd = _mm512_maskz_shuffle_f32x4(kAllLanes, twos[4 + j], twos[6 + j], 0xdd);
    rows[j].v = _mm512_maskz_shuffle_f32x4(kAllLanes, low, high, 0x88);
    rows[2 + j].v = _mm512_maskz_shuffle_f32x4(kAllLanes, low_odd, high_odd, 0x88);
    rows[4 + j].v = _mm512_maskz_shuffle_f32x4(kAllLanes, low, high, 0xdd);
    rows[6 + j].v = _mm512_maskz_shuffle_f32x4(kAllLanes, low_odd, high_odd, 0xdd);
  }
}

// y[i ldy + j] = v[2 i] + v[2 i + 1] + bias[j] for the j-th v and i < rows <= 8; bias may be null.
inline void store_quads(Vec v0, Vec v1, Vec v2, Vec v3, int rows, const float* bias, float* y, std::int64_t ldy) {
  const auto evens = [](__m512 a, __m512 b) { return _mm512_maskz_shuffle_ps(kAllLanes, a, b, 0x88); };
  const auto odds = [](__m512 a, __m512 b) { return _mm512_maskz_shuffle_ps(kAllLanes, a, b, 0xdd); };
  const __m512 ab = _mm512_add_ps(evens(v0.v, v1.v), odds(v0.v, v1.v));
  const __m512 cd = _mm512_add_ps(evens(v2.v, v3.v), odds(v2.v, v3.v));
  const __m512 first = bias == nullptr ? zero().v : _mm512_maskz_broadcast_f32x4(kAllLanes, _mm_loadu_ps(bias));
  const __m512 even_rows = _mm512_add_ps(evens(ab, cd), first), odd_rows = _mm512_add_ps(odds(ab, cd), first);
  const auto store_row = [&](int i, __m128 row) {
    if (i < rows) _mm_storeu_ps(y + i * ldy, row);
  };
  store_row(0, _mm512_castps512_ps128(even_rows));
  store_row(1, _mm512_castps512_ps128(odd_rows));
  store_row(2, _mm512_maskz_extractf32x4_ps(0xf, even_rows, 1));
  store_row(3, _mm512_maskz_extractf32x4_ps(0xf, odd_rows, 1));
  store_row(4, _mm512_maskz_extractf32x4_ps(0xf, even_rows, 2));
  store_row(5, _mm512_maskz_extractf32x4_ps(0xf, odd_rows, 2));
  store_row(6, _mm512_maskz_extractf32x4_ps(0xf, even_rows, 3));
  store_row(7, _mm512_maskz_extractf32x4_ps(0xf, odd_rows, 3));
}

}  // namespace
}  // namespace ingot::engine::kernels

#include "engine/kernels/gemm/x86_body.h"

namespace ingot::engine::kernels {

extern const GemmRow kGemmAvx512{.isa = Isa::avx512,
                                 .panel = kPanel,
                                 .pack = pack,
                                 .pack_transposed = pack_transposed,
                                 .multiply = multiply,
                                 .multiply_transposed = multiply_transposed,
                                 .dots = dots,
                                 .pack_narrow = pack_narrow,
                                 .narrow = narrow,
                                 .add = add};

}  // namespace ingot::engine::kernels
