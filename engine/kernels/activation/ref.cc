// Normative: every function in double, rounded once.
#include <cmath>
#include <numbers>

#include "engine/kernels/activation/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr double kTanhScale = 0.79788456080286535588;  // sqrt(2 / pi)
constexpr double kTanhCubic = 0.044715;                // Hendrycks, Gimpel 2016

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double normal_pdf(double x) { return std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi / std::numbers::sqrt2; }

double value(Activation activation, double x) {
  switch (activation) {
    case Activation::identity:
      return x;
    case Activation::gelu:
      return x * normal_cdf(x);
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(kTanhScale * (x + kTanhCubic * x * x * x)));
    case Activation::relu:
      return x < 0 ? 0 : x;
    case Activation::tanh:
      return std::tanh(x);
  }
  __builtin_unreachable();
}

double derivative(Activation activation, double x) {
  switch (activation) {
    case Activation::identity:
      return 1;
    case Activation::gelu:
      return normal_cdf(x) + x * normal_pdf(x);
    case Activation::gelu_tanh: {
      const double t = std::tanh(kTanhScale * (x + kTanhCubic * x * x * x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * kTanhScale * (1 + 3 * kTanhCubic * x * x);
    }
    case Activation::relu:
      return x > 0 ? 1 : 0;
    case Activation::tanh:
      return 1 - std::tanh(x) * std::tanh(x);
  }
  __builtin_unreachable();
}

void forward(Activation activation, std::int64_t n, const float* x, float* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(value(activation, x[i]));
}

void backward(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx) {
  for (std::int64_t i = 0; i < n; ++i) dx[i] = static_cast<float>(dy[i] * derivative(activation, x[i]));
}

}  // namespace

extern const ActivationRow kActivationReference{.isa = Isa::reference, .forward = forward, .backward = backward};

}  // namespace ingot::engine::kernels
