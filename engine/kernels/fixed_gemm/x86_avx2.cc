#include "engine/kernels/fixed_gemm/table.h"
#include "engine/kernels/simd/avx2.h"
#include "engine/kernels/simd/doubles_avx2.h"
#include "engine/kernels/simd/ints_avx2.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kVectors = 2;
constexpr bool kWideBytes = false;
constexpr int kByteRows = 4;  // 8 accumulators, 2 of b, 1 of a, ones, 2 of products: 14 of 16 registers
constexpr int kDeepRows = 3;  // 6 accumulators, 6 sums of 16 bits, 2 of b, 1 of a, ones: all 16
constexpr int kWordRows = 6;  // 12 accumulators, 2 of b, 1 of a, 1 of products: all 16

inline Ints sum_bytes(Ints sum, Ints u8, Ints s8) {
  return add_ints(sum, multiply_words(multiply_bytes(u8, s8), set1_words(1)));
}
inline Ints sum_words(Ints sum, Ints a, Ints b) { return add_ints(sum, multiply_words(a, b)); }

}  // namespace
}  // namespace ingot::engine::kernels

#include "engine/kernels/fixed_gemm/x86_body.h"

namespace ingot::engine::kernels {

extern const FixedGemmRow kFixedGemmAvx2{.isa = Isa::avx2,
                                         .panel = kPanel,
                                         .rows = 12,
                                         .wide_bytes = kWideBytes,
                                         .multiply_bytes = multiply_bytes_block,
                                         .multiply_words = multiply_words_block,
                                         .requantize = requantize_block,
                                         .dequantize = dequantize_block,
                                         .pack_bytes = pack_bytes,
                                         .widen_bytes = widen_bytes,
                                         .unpack_nibbles = unpack_nibbles};

}  // namespace ingot::engine::kernels
