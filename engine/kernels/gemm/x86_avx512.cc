#include "engine/kernels/gemm/table.h"
#include "engine/kernels/simd/avx512.h"
// The transposition is written in the words of the header above.
#include "engine/kernels/simd/transpose.h"

namespace ingot::engine {
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
                                 .narrow = narrow,
                                 .add = add};

}  // namespace ingot::engine::kernels
