#include "engine/kernels/exact_gemm/table.h"
#include "engine/kernels/simd/doubles_avx2.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kRows = 2, kColumns = 4;  // 8 sums, 4 of w, 1 of x: 13 of 16 registers

}  // namespace
}  // namespace ingot::engine::kernels

#include "engine/kernels/exact_gemm/x86_body.h"

namespace ingot::engine::kernels {

extern const ExactGemmRow kExactGemmAvx2{.isa = Isa::avx2, .multiply = multiply_block};

}  // namespace ingot::engine::kernels
