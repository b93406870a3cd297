#include "engine/kernels/activation/activation.h"

#include <array>

#include "engine/base/named.h"
#include "engine/kernels/activation/table.h"
#include "engine/kernels/dispatch.h"

namespace ingot::engine {
namespace {

struct Name {
  std::string_view name;
  Activation activation;
};

// The first name of an activation is the one that name() gives.
constexpr std::array kNames{
    Name{"identity", Activation::identity},  Name{"gelu", Activation::gelu},
    Name{"gelu_new", Activation::gelu_tanh}, Name{"gelu_pytorch_tanh", Activation::gelu_tanh},
    Name{"relu", Activation::relu},          Name{"tanh", Activation::tanh},
};

}  // namespace

std::string_view name(Activation activation) {
  const Name* row = kNames.data();
  while (row->activation != activation) ++row;
  return row->name;
}

Activation activation_from_name(std::string_view name) {
  return row_named(kNames, name, "activation: must be one of {}, got '{}'").activation;
}

namespace kernels {
namespace {

constexpr const ActivationRow* kRows[] = {
#if defined(__x86_64__)
    &kActivationAvx512,
    &kActivationAvx2,
#endif
    &kActivationReference,
};

}  // namespace

std::span<const ActivationRow* const> activation_rows() { return kRows; }

void activation_forward(Activation activation, std::int64_t n, const float* x, float* y) {
  active_row(activation_rows()).forward(activation, n, x, y);
}

void activation_forward(Activation activation, std::int64_t rows, std::int64_t columns, const float* x, float* y,
                        std::int64_t stride) {
  if (activation == Activation::identity && x == y) return;
  if (columns == stride) {
    activation_forward(activation, rows * columns, x, y);
    return;
  }
  for (std::int64_t i = 0; i < rows; ++i) activation_forward(activation, columns, x + i * stride, y + i * stride);
}

void activation_backward(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx) {
  active_row(activation_rows()).backward(activation, n, x, dy, dx);
}

}  // namespace kernels
}  // namespace ingot::engine
