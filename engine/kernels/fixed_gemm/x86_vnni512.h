// What AVX-512 VNNI brings to x86_body.h, and the body.
#pragma once

#include "engine/kernels/fixed_gemm/table.h"
#include "engine/kernels/simd/avx512.h"
#include "engine/kernels/simd/doubles_avx512.h"
#include "engine/kernels/simd/ints_avx512.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kVectors = 4;
constexpr bool kWideBytes = true;
constexpr int kByteRows = 6;  // 24 accumulators, 4 of b, 1 of a: 29 of 32 registers
constexpr int kDeepRows = 0;  // not used
constexpr int kWordRows = 6;

inline Ints sum_bytes(Ints sum, Ints u8, Ints s8) { return {_mm512_dpbusd_epi32(sum.v, u8.v, s8.v)}; }
inline Ints sum_words(Ints sum, Ints a, Ints b) { return {_mm512_dpwssd_epi32(sum.v, a.v, b.v)}; }

}  // namespace
}  // namespace ingot::engine::kernels

#include "engine/kernels/fixed_gemm/x86_body.h"
