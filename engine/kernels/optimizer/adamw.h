// One fused AdamW update and the gradient norm.
#pragma once

#include <cstdint>

namespace ingot::engine::kernels {

struct AdamWStep {
  float learning_rate = 0;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float eps = 1e-8f;
  float weight_decay = 0;
  float correction1 = 1;  // 1 - beta1^t
  float correction2 = 1;  // 1 - beta2^t
  float gradient_scale = 1;  // from clipping by the global norm
};

// Loshchilov, Hutter 2019, in the form of PyTorch: g = gradient_scale gradient; w -= lr decay w;
// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
// w -= lr / correction1 * m / (sqrt(v) / sqrt(correction2) + eps). Threads inside.
void adamw(const AdamWStep& step, std::int64_t n, const float* gradient, float* weight, float* first_moment,
           float* second_moment);

// sum x[i]^2 in double, over fixed chunks: the same bits for any number of threads.
double sum_of_squares(std::int64_t n, const float* x);

}  // namespace ingot::engine::kernels
