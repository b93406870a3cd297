#include "engine/kernels/simd/avx512.h"
// The functions are written in the words of the header above.
#include "engine/kernels/simd/loops.h"
#include "engine/kernels/simd/math.h"
#include "tests/engine/simd_math.h"

using namespace ingot::engine;

namespace ingot::test {

void simd_exp_avx512(std::int64_t n, const float* x, float* y) {
  for_lanes(n, [&](std::int64_t i, auto lanes) { store(y + i, exp(load(x + i, lanes)), lanes); });
}

void simd_tanh_avx512(std::int64_t n, const float* x, float* y) {
  for_lanes(n, [&](std::int64_t i, auto lanes) { store(y + i, tanh(load(x + i, lanes)), lanes); });
}

void simd_erf_avx512(std::int64_t n, const float* x, float* y) {
  for_lanes(n, [&](std::int64_t i, auto lanes) { store(y + i, erf(load(x + i, lanes)), lanes); });
}

}  // namespace ingot::test
