// The products of a linear layer with factors in bfloat16 and sums in float32: the functions of kernels/gemm, whose
// factors are rounded (bf16.h) as they are packed. What is stored stays float32: inputs, weights, biases and results.
// Sums begin at the bias, or at what is accumulated to; the sums of dbias are those of the factors before rounding.
//
// The order of the sums is that of the row in use (table.h). Each gives the same bits on any number of threads.
#pragma once

#include <cstdint>

#include "engine/kernels/activation/activation.h"

namespace ingot::engine::kernels {

void bf16_linear_forward(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx,
                         const float* w, const float* bias, Activation activation, float* pre_activation, float* y,
                         std::int64_t ldy);
void bf16_linear_input_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                                const float* w, bool accumulate, float* dx, std::int64_t lddx);
void bf16_linear_weight_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                                 const float* x, std::int64_t ldx, bool accumulate, float* dw, float* dbias);

// Whether this run has instructions for such products. Without them they cost more than products in float32.
bool has_bf16_products();

}  // namespace ingot::engine::kernels
