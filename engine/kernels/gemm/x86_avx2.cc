#include "engine/kernels/gemm/table.h"
#include "engine/kernels/simd/avx2.h"
// The transposition is written in the words of the header above.
#include "engine/kernels/simd/transpose.h"

namespace ingot::engine {
namespace {

constexpr int kTileRows = 6;  // 12 accumulators, 2 of b, 1 of a: 15 of 16 registers

// Lane i: the sum of the lanes of v[i].
inline Vec sums_of(const Vec (&v)[8]) {
  const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0].v, v[1].v), _mm256_hadd_ps(v[2].v, v[3].v));
  const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4].v, v[5].v), _mm256_hadd_ps(v[6].v, v[7].v));
  return {_mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31))};
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
                               .narrow = narrow,
                               .add = add};

}  // namespace ingot::engine::kernels
