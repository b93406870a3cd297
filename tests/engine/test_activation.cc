#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "engine/base/error.h"
#include "engine/kernels/activation/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
using namespace ingot::test;

namespace {

constexpr Activation kAll[] = {Activation::identity, Activation::gelu, Activation::gelu_tanh, Activation::relu,
                               Activation::tanh};

double formula(Activation activation, double x) {
  switch (activation) {
    case Activation::identity:
      return x;
    case Activation::gelu:
      return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5)));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * std::pow(x, 3))));
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::tanh:
      return std::tanh(x);
  }
  return 0;
}

double slope(Activation activation, double x) {
  const double h = 1e-5;
  return (formula(activation, x + h) - formula(activation, x - h)) / (2 * h);
}

// Values on both sides of 0, up to where every function has saturated.
std::vector<float> inputs(std::int64_t n) {
  std::vector<float> x = noise(n, 1, 3);
  if (n > 8) {
    x[1] = 11.5f;
    x[2] = -11.5f;
    x[3] = 1e-4f;
  }
  return x;
}

}  // namespace

TEST_CASE("every activation agrees with its formula in double on every instruction set and tail size") {
  for_each_row(activation_rows(), [](const ActivationRow& row) {
    for (const Activation activation : kAll) {
      CAPTURE(name(activation));
      for (const std::int64_t n : kTailSizes) {
        const std::vector<float> x = inputs(n);
        std::vector<float> y(x.size() + 1, 77);
        row.forward(activation, n, x.data(), y.data());
        double worst = 0;  // in units of 1 + |x|: half of the bound of erf and tanh, and the rounding of the result
        for (std::size_t i = 0; i < x.size(); ++i) {
          worst = std::max(worst, std::abs(y[i] - formula(activation, x[i])) / (1 + std::abs(x[i])));
        }
        CHECK(worst < 3e-7);
        CHECK(y.back() == 77);
      }
    }
  });
}

TEST_CASE("every activation's backward agrees with central differences of its formula") {
  for_each_row(activation_rows(), [](const ActivationRow& row) {
    for (const Activation activation : kAll) {
      CAPTURE(name(activation));
      for (const std::int64_t n : kTailSizes) {
        const std::vector<float> x = inputs(n), dy = noise(n, 2);
        std::vector<float> dx = dy;
        dx.push_back(77);
        row.backward(activation, n, x.data(), dx.data(), dx.data());
        double worst = 0;  // 1 - tanh^2 is multiplied by up to 0.27 |x|^3 in gelu_tanh
        for (std::size_t i = 0; i < x.size(); ++i) {
          worst = std::max(worst, std::abs(dx[i] - dy[i] * slope(activation, x[i])) / (1 + std::abs(dy[i])));
        }
        CHECK(worst < 3e-6);
        CHECK(dx.back() == 77);
      }
    }
  });
}

TEST_CASE("activations take the values that PyTorch prints") {
  const std::vector<float> x{-3, -1, -0.5f, 0, 0.5f, 1, 3};
  const std::vector<float> gelu{-0.00404969f, -0.15865526f, -0.15426877f, 0, 0.34573123f, 0.84134474f, 2.99595031f};
  const std::vector<float> gelu_new{-0.00363739f, -0.15880801f, -0.15428599f, 0, 0.34571401f, 0.84119199f, 2.99636261f};
  std::vector<float> y(x.size());
  activation_forward(Activation::gelu, 7, x.data(), y.data());
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::abs(y[i] - gelu[i]) < 1e-6);
  activation_forward(Activation::gelu_tanh, 7, x.data(), y.data());
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::abs(y[i] - gelu_new[i]) < 1e-6);
}

TEST_CASE("a NaN stays a NaN through every activation") {
  const std::vector<float> x(5, std::numeric_limits<float>::quiet_NaN());
  for_each_row(activation_rows(), [&](const ActivationRow& row) {
    for (const Activation activation : kAll) {
      CAPTURE(name(activation));
      std::vector<float> y(x.size());
      row.forward(activation, 5, x.data(), y.data());
      CHECK(std::isnan(y[4]));
    }
  });
}

TEST_CASE("activations are known by their Hugging Face names") {
  CHECK(name(Activation::identity) == "identity");
  CHECK(name(Activation::gelu_tanh) == "gelu_new");
  for (const Activation activation : kAll) CHECK(activation_from_name(name(activation)) == activation);
  CHECK(activation_from_name("gelu_pytorch_tanh") == Activation::gelu_tanh);
  CHECK_THROWS_WITH_AS(activation_from_name("silu"),
                       "activation: must be one of identity, gelu, gelu_new, gelu_pytorch_tanh, relu, tanh, got 'silu'",
                       Error);
}
