// The rows of activation.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/activation/activation.h"

namespace ingot::engine::kernels {

struct ActivationRow {
  Isa isa;
  void (*forward)(Activation activation, std::int64_t n, const float* x, float* y);
  void (*backward)(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx);
};

std::span<const ActivationRow> activation_rows();

void activation_forward_ref(Activation activation, std::int64_t n, const float* x, float* y);
void activation_forward_avx2(Activation activation, std::int64_t n, const float* x, float* y);
void activation_forward_avx512(Activation activation, std::int64_t n, const float* x, float* y);

void activation_backward_ref(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx);
void activation_backward_avx2(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx);
void activation_backward_avx512(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx);

}  // namespace ingot::engine::kernels
