#include <cmath>

#include "engine/kernels/adamw/table.h"

namespace ingot::engine::kernels {
namespace {

void update(const AdamWFactors& factors, std::int64_t n, const float* gradient, float* weight, float* first_moment,
            float* second_moment) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = factors.gradient_scale * gradient[i];
    const float m = factors.keep_first * first_moment[i] + factors.add_first * g;
    const float v = factors.keep_second * second_moment[i] + factors.add_second * g * g;
    first_moment[i] = m;
    second_moment[i] = v;
    weight[i] =
        factors.keep_weight * weight[i] - factors.step * m / (std::sqrt(v) / factors.root_correction2 + factors.eps);
  }
}

double squares(std::int64_t n, const float* x) {
  double sums[16] = {};
  for (std::int64_t i = 0; i < n; ++i) sums[i % 16] += static_cast<double>(x[i]) * x[i];
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

}  // namespace

extern const AdamWRow kAdamWReference{.isa = Isa::reference, .update = update, .sum_of_squares = squares};

}  // namespace ingot::engine::kernels
