#include "engine/kernels/gemm/table.h"
#include "engine/kernels/simd/avx2.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kTileRows = 6;  // 12 accumulators, 2 of b, 1 of a: 15 of 16 registers

// Lane i: the sum of the lanes of v[i].
inline Vec sums_of(const Vec (&v)[8]) {
  const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0].v, v[1].v), _mm256_hadd_ps(v[2].v, v[3].v));
  const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4].v, v[5].v), _mm256_hadd_ps(v[6].v, v[7].v));
  return {_mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31))};
}

// Two floats in every pair of lanes.
inline Vec repeat_pair(const float* p) {
  double pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return {_mm256_castpd_ps(_mm256_set1_pd(pair))};
}

// Floats 2 i and 2 i + 1 of row j become 2 j and 2 j + 1 of row i.
inline void transpose_pairs(Vec (&rows)[4]) {
  __m256 twos[4];
#pragma GCC unroll 2
  for (int i = 0; i < 4; i += 2) {
    const __m256d a = _mm256_castps_pd(rows[i].v), b = _mm256_castps_pd(rows[i + 1].v);
    twos[i] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
    twos[i + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
  }
#pragma GCC unroll 2
  for (int j = 0; j < 2; ++j) {
    rows[j].v = _mm256_permute2f128_ps(twos[j], twos[2 + j], 0x20);
    rows[2 + j].v = _mm256_permute2f128_ps(twos[j], twos[2 + j], 0x31);
  }
}

// y[i ldy + j] = v[2 i] + v[2 i + 1] + bias[j] for the j-th v and i < rows <= 4; bias may be null.
inline void store_quads(Vec v0, Vec v1, Vec v2, Vec v3, int rows, const float* bias, float* y, std::int64_t ldy) {
  const auto evens = [](__m256 a, __m256 b) { return _mm256_shuffle_ps(a, b, 0x88); };
  const auto odds = [](__m256 a, __m256 b) { return _mm256_shuffle_ps(a, b, 0xdd); };
  const __m256 ab = _mm256_add_ps(evens(v0.v, v1.v), odds(v0.v, v1.v));
  const __m256 cd = _mm256_add_ps(evens(v2.v, v3.v), odds(v2.v, v3.v));
  const __m128 quad = bias == nullptr ? _mm_setzero_ps() : _mm_loadu_ps(bias);
  const __m256 first = _mm256_set_m128(quad, quad);
  const __m256 even_rows = _mm256_add_ps(evens(ab, cd), first), odd_rows = _mm256_add_ps(odds(ab, cd), first);
  const auto store_row = [&](int i, __m128 row) {
    if (i < rows) _mm_storeu_ps(y + i * ldy, row);
  };
  store_row(0, _mm256_castps256_ps128(even_rows));
  store_row(1, _mm256_castps256_ps128(odd_rows));
  store_row(2, _mm256_extractf128_ps(even_rows, 1));
  store_row(3, _mm256_extractf128_ps(odd_rows, 1));
}

}  // namespace
}  // namespace ingot::engine::kernels

#include "engine/kernels/gemm/x86_body.h"

namespace ingot::engine::kernels {

extern const GemmRow kGemmAvx2{.isa = Isa::avx2,
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
