// The activations over Vec, for x86_avx2.cc and x86_avx512.cc.
#pragma once

#include "engine/kernels/activation/activation.h"
#include "engine/kernels/simd/loops.h"
#include "engine/kernels/simd/math.h"

namespace ingot::engine::kernels {
namespace {

inline Vec gelu(Vec x) {
  const Vec half = set1(0.5f) * x;
  return fma(half, erf(set1(0.70710678118654752f) * x), half);
}

// Phi(x) + x phi(x).
inline Vec gelu_derivative(Vec x) {
  const Vec cdf = fma(set1(0.5f), erf(set1(0.70710678118654752f) * x), set1(0.5f));
  const Vec pdf = set1(0.39894228040143268f) * exp(set1(-0.5f) * x * x);
  return fma(x, pdf, cdf);
}

// tanh of sqrt(2 / pi) (x + 0.044715 x^3).
inline Vec gelu_tanh_core(Vec x) {
  const Vec cubic = fma(set1(0.79788456080286536f * 0.044715f), x * x, set1(0.79788456080286536f));
  return tanh(cubic * x);
}

inline Vec gelu_tanh(Vec x) {
  const Vec half = set1(0.5f) * x;
  return fma(half, gelu_tanh_core(x), half);
}

// (1 + t) / 2 + x (1 - t^2) / 2 sqrt(2 / pi) (1 + 3 * 0.044715 x^2).
inline Vec gelu_tanh_derivative(Vec x) {
  const Vec t = gelu_tanh_core(x);
  const Vec inner = fma(set1(0.79788456080286536f * 3 * 0.044715f), x * x, set1(0.79788456080286536f));
  const Vec half = set1(0.5f) * (set1(1.0f) + t);
  return fma(half * (set1(1.0f) - t), x * inner, half);
}

template <class Function>
inline void map(std::int64_t n, const float* x, float* y, const Function& function) {
  for_lanes(n, [&](std::int64_t i, auto lanes) { store(y + i, function(load(x + i, lanes)), lanes); });
}

template <class Derivative>
inline void map(std::int64_t n, const float* x, const float* dy, float* dx, const Derivative& derivative) {
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    store(dx + i, load(dy + i, lanes) * derivative(load(x + i, lanes)), lanes);
  });
}

void forward(Activation activation, std::int64_t n, const float* x, float* y) {
  switch (activation) {
    case Activation::identity:
      return map(n, x, y, [](Vec a) { return a; });
    case Activation::gelu:
      return map(n, x, y, [](Vec a) { return gelu(a); });
    case Activation::gelu_tanh:
      return map(n, x, y, [](Vec a) { return gelu_tanh(a); });
    case Activation::relu:
      return map(n, x, y, [](Vec a) { return max(zero(), a); });
    case Activation::tanh:
      return map(n, x, y, [](Vec a) { return tanh(a); });
  }
}

void backward(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx) {
  switch (activation) {
    case Activation::identity:
      return map(n, x, dy, dx, [](Vec) { return set1(1.0f); });
    case Activation::gelu:
      return map(n, x, dy, dx, [](Vec a) { return gelu_derivative(a); });
    case Activation::gelu_tanh:
      return map(n, x, dy, dx, [](Vec a) { return gelu_tanh_derivative(a); });
    case Activation::relu:
      return map(n, x, dy, dx, [](Vec a) { return select_greater(a, zero(), set1(1.0f), zero()); });
    case Activation::tanh:
      return map(n, x, dy, dx, [](Vec a) {
        const Vec t = tanh(a);
        return negative_fma(t, t, set1(1.0f));
      });
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
