#include "engine/kernels/exact_gemm/table.h"
#include "engine/kernels/simd/doubles_avx512.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kRows = 4, kColumns = 4;  // 16 sums, 4 of w, 1 of x: 21 of 32 registers

}  // namespace
}  // namespace ingot::engine::kernels

#include "engine/kernels/exact_gemm/x86_body.h"

namespace ingot::engine::kernels {

extern const ExactGemmRow kExactGemmAvx512{.isa = Isa::avx512, .multiply = multiply_block};

}  // namespace ingot::engine::kernels
