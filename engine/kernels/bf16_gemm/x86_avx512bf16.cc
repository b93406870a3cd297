#include "engine/kernels/bf16_gemm/x86_multiply_avx512bf16.h"

namespace ingot::engine::kernels {

extern const Bf16GemmRow kBf16GemmAvx512bf16{.isa = Isa::avx512bf16,
                                             .pack_left = pack_factor<true>,
                                             .pack_right = pack_factor<false>,
                                             .multiply = multiply_block};

}  // namespace ingot::engine::kernels
