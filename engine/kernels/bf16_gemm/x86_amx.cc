#include "engine/kernels/bf16_gemm/x86_multiply_amx.h"

namespace ingot::engine::kernels {

extern const Bf16GemmRow kBf16GemmAmx{
    .isa = Isa::amx, .pack_left = pack_factor<true>, .pack_right = pack_factor<false>, .multiply = multiply_block};

}  // namespace ingot::engine::kernels
