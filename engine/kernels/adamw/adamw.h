// One fused AdamW update and the gradient norm.
#pragma once

#include <cstdint>
#include <span>

namespace ingot::engine::kernels {

// The factors of one step. They are doubles as in PyTorch: with beta2 = 0.999 as a float, 1 - beta2 would be wrong from
// the fifth digit on.
struct AdamWStep {
  double learning_rate = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  double correction1 = 1;     // 1 - beta1^t
  double correction2 = 1;     // 1 - beta2^t
  double gradient_scale = 1;  // from clipping by the global norm
};

// Loshchilov, Hutter 2019, in the form of PyTorch: g = gradient_scale gradient; w -= lr decay w;
// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
// w -= lr / correction1 * m / (sqrt(v) / sqrt(correction2) + eps). Threads inside. Every instruction set gives the same
// bits: the factors are rounded to float once, and every operation on floats is rounded by itself.
void adamw(const AdamWStep& step, std::int64_t n, const float* gradient, float* weight, float* first_moment,
           float* second_moment);

// The same for some rows, all different, of matrices with n_columns.
void adamw_some_rows(const AdamWStep& step, std::span<const std::int32_t> rows, std::int64_t n_columns,
                     const float* gradient, float* weight, float* first_moment, float* second_moment);

// sum x[i]^2 in double, over fixed chunks: the same bits for any number of threads and on every instruction set.
double sum_of_squares(std::int64_t n, const float* x);

}  // namespace ingot::engine::kernels
