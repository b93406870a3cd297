#include "engine/kernels/attention/table.h"
#include "engine/kernels/simd/avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/simd/loops.h"
#include "engine/kernels/simd/philox.h"
#include "engine/kernels/simd/transpose.h"
// And in those of the headers above.
#include "engine/kernels/attention/x86_body.h"

namespace ingot::engine::kernels {

void attention_forward_avx2(const AttentionHead& head, std::int64_t first, std::int64_t last, float* output,
                            float* log_sum_exp, float* scratch) {
  forward(head, first, last, output, log_sum_exp, scratch);
}

void attention_backward_avx2(const AttentionHead& head, const AttentionHeadGradient& gradient, float* scratch) {
  backward(head, gradient, scratch);
}

std::int64_t attention_scratch_avx2(std::int64_t length, std::int64_t head_dim) {
  return scratch_floats(length, head_dim);
}

}  // namespace ingot::engine::kernels
