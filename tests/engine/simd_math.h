// The functions of engine/kernels/simd/math.h over arrays, compiled for each instruction set (simd_math_<isa>.cc).
#pragma once

#include <cstdint>

namespace ingot::test {

void simd_exp_avx2(std::int64_t n, const float* x, float* y);
void simd_tanh_avx2(std::int64_t n, const float* x, float* y);
void simd_erf_avx2(std::int64_t n, const float* x, float* y);

void simd_exp_avx512(std::int64_t n, const float* x, float* y);
void simd_tanh_avx512(std::int64_t n, const float* x, float* y);
void simd_erf_avx512(std::int64_t n, const float* x, float* y);

}  // namespace ingot::test
