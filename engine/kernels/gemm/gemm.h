// Matrix products in float32, row-major, threads inside; every result is independent of the number of threads.
// Naming follows the linear layer y[m,n] = x[m,k] w[n,k]^T + bias[n] (w as PyTorch stores it: [out, in]).
#pragma once

#include <cstdint>

#include "engine/kernels/activation/activation.h"

namespace ingot::engine::kernels {

// Whether the sums of a linear layer begin at the bias, or it is added to each finished one.
enum class BiasOrder { first, last };

// y[m,n] = activation(x[m,k] w[n,k]^T + bias[n]). bias may be null (0). If pre_activation is not null it receives the
// value before the activation (same shape and stride as y; needed by the backward pass). ldx >= k, ldy >= n: row
// strides.
void linear_forward(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
                    const float* bias, Activation activation, float* pre_activation, float* y, std::int64_t ldy,
                    BiasOrder order = BiasOrder::first);

// dx[m,k] = dy[m,n] w[n,k], added to dx if accumulate.
void linear_input_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                           const float* w, bool accumulate, float* dx, std::int64_t lddx);

// dw[n,k] = dy[m,n]^T x[m,k] and, if dbias is not null, dbias[n] = column sums of dy; both added if accumulate.
void linear_weight_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                            const float* x, std::int64_t ldx, bool accumulate, float* dw, float* dbias);

}  // namespace ingot::engine::kernels
