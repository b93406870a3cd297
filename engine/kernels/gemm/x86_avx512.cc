#include "engine/kernels/gemm/table.h"
#include "engine/kernels/simd/avx512.h"

namespace ingot::engine {
namespace {

constexpr int kTileRows = 14;  // 28 accumulators, 2 of b, 1 of a: 31 of 32 registers

// Pairs, then quadruples within each quarter, then quarters, each step adding what it brings together.
inline __m512 fold_pairs(Vec a, Vec b) {
  return _mm512_add_ps(_mm512_unpacklo_ps(a.v, b.v), _mm512_unpackhi_ps(a.v, b.v));
}
inline __m512 fold_quadruples(Vec a, Vec b, Vec c, Vec d) {
  const __m512d ab = _mm512_castps_pd(fold_pairs(a, b)), cd = _mm512_castps_pd(fold_pairs(c, d));
  return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)), _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)));
}

// Lane i: the sum of the lanes of v[i].
inline Vec sums_of(const Vec (&v)[16]) {
  const __m512 a = fold_quadruples(v[0], v[1], v[2], v[3]), b = fold_quadruples(v[4], v[5], v[6], v[7]);
  const __m512 c = fold_quadruples(v[8], v[9], v[10], v[11]), d = fold_quadruples(v[12], v[13], v[14], v[15]);
  const __m512 ab = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  const __m512 cd = _mm512_add_ps(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
  return {_mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd))};
}

// Lane j of v[i] becomes lane i of v[j]: 4 x 4 within the quarters, then the quarters.
inline void transpose(Vec (&v)[16]) {
  __m512 quads[16];  // quads[4 g + c]: quarter q holds rows 4 g .. 4 g + 3 of column 4 q + c
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) {
    const __m512 a = v[4 * g].v, b = v[4 * g + 1].v, c = v[4 * g + 2].v, d = v[4 * g + 3].v;
    const __m512d ab_low = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
    const __m512d ab_high = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
    const __m512d cd_low = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
    const __m512d cd_high = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
    quads[4 * g] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab_low, cd_low));
    quads[4 * g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab_low, cd_low));
    quads[4 * g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab_high, cd_high));
    quads[4 * g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab_high, cd_high));
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512 low01 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0x44);
    const __m512 high01 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0xee);
    const __m512 low23 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0x44);
    const __m512 high23 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0xee);
    v[c].v = _mm512_shuffle_f32x4(low01, low23, 0x88);
    v[4 + c].v = _mm512_shuffle_f32x4(low01, low23, 0xdd);
    v[8 + c].v = _mm512_shuffle_f32x4(high01, high23, 0x88);
    v[12 + c].v = _mm512_shuffle_f32x4(high01, high23, 0xdd);
  }
}

}  // namespace
}  // namespace ingot::engine

#include "engine/kernels/gemm/x86_body.h"

namespace ingot::engine::kernels {

extern const GemmRow kGemmAvx512{.isa = Isa::avx512,
                                 .panel = kPanel,
                                 .pack = pack,
                                 .pack_transposed = pack_transposed,
                                 .multiply = multiply,
                                 .multiply_transposed = multiply_transposed,
                                 .dots = dots,
                                 .add = add};

}  // namespace ingot::engine::kernels
