#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/optimizer/x86_body.h"

namespace ingot::engine::kernels {

void adamw_avx512(const AdamWFactors& factors, std::int64_t n, const float* gradient, float* weight,
                  float* first_moment, float* second_moment) {
  update(factors, n, gradient, weight, first_moment, second_moment);
}

double sum_of_squares_avx512(std::int64_t n, const float* x) { return squares(n, x); }

}  // namespace ingot::engine::kernels
