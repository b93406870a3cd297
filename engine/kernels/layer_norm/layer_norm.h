// Layer normalisation (Ba, Kiros, Hinton 2016) over the last dimension, with the residual sum and the dropout of a
// post-LN transformer in the same pass.
#pragma once

#include <cstdint>

#include "engine/kernels/dropout/dropout.h"

namespace ingot::engine::kernels {

// s = dropout(x) + residual (residual may be null), written back to x; y = (s - mean) rstd gamma + beta with
// rstd = 1 / sqrt(variance + eps) (variance with 1/n). x, residual, y: [n_rows, n_columns]; mean, rstd: [n_rows], may
// be null (inference). Threads inside.
void layer_norm_forward(std::int64_t n_rows, std::int64_t n_columns, float* x, const Dropout& dropout,
                        const float* residual, const float* gamma, const float* beta, float eps, float* y, float* mean,
                        float* rstd);

// From dy and the saved s, mean, rstd: ds = gradient of s, which is the gradient of the residual; if dx is not null it
// receives dropout'(ds), the gradient of x before the dropout. dgamma and dbeta are added to. ds may be dy.
// Threads inside; sums over rows are taken in fixed chunks.
void layer_norm_backward(std::int64_t n_rows, std::int64_t n_columns, const float* s, const float* mean,
                         const float* rstd, const float* gamma, const Dropout& dropout, const float* dy, float* ds,
                         float* dx, float* dgamma, float* dbeta);

}  // namespace ingot::engine::kernels
