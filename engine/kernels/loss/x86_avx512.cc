#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/loss/x86_body.h"

namespace ingot::engine::kernels {

SoftmaxSums softmax_sums_avx512(std::int64_t n_classes, const float* logits, std::int32_t label, float* exponentials) {
  return softmax_sums(n_classes, logits, label, exponentials);
}

void scale_avx512(std::int64_t n, float factor, float* x) { scale(n, factor, x); }

}  // namespace ingot::engine::kernels
