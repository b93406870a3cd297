#include "engine/kernels/fixed_gemm/x86_vnni512.h"

namespace ingot::engine::kernels {

extern const FixedGemmRow kFixedGemmAvx512Vnni{.isa = Isa::avx512vnni,
                                               .panel = kPanel,
                                               .rows = 84,
                                               .wide_bytes = kWideBytes,
                                               .multiply_bytes = multiply_bytes_block,
                                               .multiply_words = multiply_words_block,
                                               .requantize = requantize_block,
                                               .dequantize = dequantize_block,
                                               .pack_bytes = pack_bytes,
                                               .widen_bytes = widen_bytes,
                                               .unpack_nibbles = unpack_nibbles};

}  // namespace ingot::engine::kernels
