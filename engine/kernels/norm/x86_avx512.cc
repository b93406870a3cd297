#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/norm/x86_body.h"

namespace ingot::engine::kernels {

void layer_norm_forward_avx512(const LayerNormForward& call, std::int64_t first_row, std::int64_t end_row) {
  forward(call, first_row, end_row);
}

void layer_norm_backward_avx512(const LayerNormBackward& call, std::int64_t first_row, std::int64_t end_row,
                                float* dgamma, float* dbeta) {
  backward(call, first_row, end_row, dgamma, dbeta);
}

}  // namespace ingot::engine::kernels
