// Products: linear layers and plain matrices.
#pragma once

#include "engine/autograd/variable.h"
#include "engine/kernels/activation/activation.h"

namespace ingot::engine {

// How a linear layer adds up its products and its bias.
enum class Sums {
  fastest,    // in float32, beginning with the bias
  bias_last,  // in float32, then the bias
  bf16,       // factors rounded to bfloat16, sums in float32, those of gradients too (kernels/bf16_gemm)
  exact,      // in double, then the bias, then rounded to float32 (kernels/exact_gemm): the reference in fixed point
};
// bias_last and exact give the same bits where float32 holds all sums: x and w are multiples of powers of two, and sum
// |x| |w| is at most 2^24 times the product of the two. (The sum of two float32 rounded to double and then to float32
// is the nearest float32: Figueroa, When is double rounding innocuous?, 1995.)

// The products of a linear layer (kernels/gemm, kernels/bf16_gemm) for Sums::fastest and Sums::bf16.
struct LinearKernels {
  void (*forward)(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
                  const float* bias, Activation activation, float* pre_activation, float* y, std::int64_t ldy);
  void (*input_gradient)(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                         const float* w, bool accumulate, float* dx, std::int64_t lddx);
  void (*weight_gradient)(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                          const float* x, std::int64_t ldx, bool accumulate, float* dw, float* dbias);
};
const LinearKernels& linear_kernels(Sums sums);

// activation(x w^T + bias): x [..., k], w [n, k], bias [n] or undefined -> [..., n].
Variable linear(const Variable& x, const Variable& w, const Variable& bias,
                Activation activation = Activation::identity, Sums sums = Sums::fastest);

// a b: a [m, n], b [n, k] -> [m, k].
Variable matmul(const Variable& a, const Variable& b);

}  // namespace ingot::engine
