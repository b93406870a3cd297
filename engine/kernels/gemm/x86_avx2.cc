#include "engine/kernels/gemm/table.h"
#include "engine/kernels/simd/avx2.h"

namespace ingot::engine {
namespace {

constexpr int kTileRows = 6;  // 12 accumulators, 2 of b, 1 of a: 15 of 16 registers

// Lane i: the sum of the lanes of v[i].
inline Vec sums_of(const Vec (&v)[8]) {
  const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0].v, v[1].v), _mm256_hadd_ps(v[2].v, v[3].v));
  const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4].v, v[5].v), _mm256_hadd_ps(v[6].v, v[7].v));
  return {_mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31))};
}

// Lane j of v[i] becomes lane i of v[j]: 4 x 4 within the halves, then the halves.
inline void transpose(Vec (&v)[8]) {
  __m256 quads[8];  // quads[4 g + c]: half h holds rows 4 g .. 4 g + 3 of column 4 h + c
#pragma GCC unroll 2
  for (int g = 0; g < 2; ++g) {
    const __m256 a = v[4 * g].v, b = v[4 * g + 1].v, c = v[4 * g + 2].v, d = v[4 * g + 3].v;
    const __m256d ab_low = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
    const __m256d ab_high = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
    const __m256d cd_low = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
    const __m256d cd_high = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
    quads[4 * g] = _mm256_castpd_ps(_mm256_unpacklo_pd(ab_low, cd_low));
    quads[4 * g + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(ab_low, cd_low));
    quads[4 * g + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(ab_high, cd_high));
    quads[4 * g + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(ab_high, cd_high));
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    v[c].v = _mm256_permute2f128_ps(quads[c], quads[4 + c], 0x20);
    v[4 + c].v = _mm256_permute2f128_ps(quads[c], quads[4 + c], 0x31);
  }
}

}  // namespace
}  // namespace ingot::engine

#include "engine/kernels/gemm/x86_body.h"

namespace ingot::engine::kernels {

extern const GemmRow kGemmAvx2{.isa = Isa::avx2,
                               .panel = kPanel,
                               .pack = pack,
                               .pack_transposed = pack_transposed,
                               .multiply = multiply,
                               .multiply_transposed = multiply_transposed,
                               .dots = dots,
                               .add = add};

}  // namespace ingot::engine::kernels
