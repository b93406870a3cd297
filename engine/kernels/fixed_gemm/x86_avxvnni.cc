#include "engine/kernels/fixed_gemm/table.h"
#include "engine/kernels/simd/avx2.h"
#include "engine/kernels/simd/doubles_avx2.h"
#include "engine/kernels/simd/ints_avx2.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kVectors = 2;
constexpr bool kWideBytes = true;
constexpr int kByteRows = 6;  // 12 accumulators, 2 of b, 1 of a: 15 of 16 registers
constexpr int kDeepRows = 0;  // not used
constexpr int kWordRows = 6;

inline Ints sum_bytes(Ints sum, Ints u8, Ints s8) { return {_mm256_dpbusd_avx_epi32(sum.v, u8.v, s8.v)}; }
inline Ints sum_words(Ints sum, Ints a, Ints b) { return {_mm256_dpwssd_avx_epi32(sum.v, a.v, b.v)}; }

}  // namespace
}  // namespace ingot::engine::kernels

#include "engine/kernels/fixed_gemm/x86_body.h"

namespace ingot::engine::kernels {

extern const FixedGemmRow kFixedGemmAvxVnni{.isa = Isa::avxvnni,
                                            .panel = kPanel,
                                            .rows = 6,
                                            .wide_bytes = kWideBytes,
                                            .multiply_bytes = multiply_bytes_block,
                                            .multiply_words = multiply_words_block,
                                            .requantize = requantize_block,
                                            .dequantize = dequantize_block,
                                            .pack_bytes = pack_bytes,
                                            .widen_bytes = widen_bytes,
                                            .unpack_nibbles = unpack_nibbles};

}  // namespace ingot::engine::kernels
