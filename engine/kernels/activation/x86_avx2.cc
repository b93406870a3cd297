#include "engine/kernels/activation/table.h"
#include "engine/kernels/simd/avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/activation/x86_body.h"

namespace ingot::engine::kernels {

void activation_forward_avx2(Activation activation, std::int64_t n, const float* x, float* y) {
  forward(activation, n, x, y);
}

void activation_backward_avx2(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx) {
  backward(activation, n, x, dy, dx);
}

}  // namespace ingot::engine::kernels
