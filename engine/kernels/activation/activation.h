// Element-wise activations, forward and backward.
#pragma once

#include <cstdint>
#include <string_view>

namespace ingot::engine {

enum class Activation {
  identity,
  gelu,       // x Phi(x) with the exact normal distribution (erf): Hugging Face "gelu"
  gelu_tanh,  // the tanh approximation: Hugging Face "gelu_new", "gelu_pytorch_tanh"
  relu,
  tanh,
};

// The name that Hugging Face configurations use: "identity", "gelu", "gelu_new", "relu", "tanh".
std::string_view name(Activation activation);

// The activation of one of these names, or of "gelu_pytorch_tanh". Throws Error listing the names for any other.
Activation activation_from_name(std::string_view name);

namespace kernels {

// y[i] = f(x[i]); y may be x. One thread: callers share the work by ranges.
void activation_forward(Activation activation, std::int64_t n, const float* x, float* y);

// The same on a block of two matrices whose rows are `stride` apart.
void activation_forward(Activation activation, std::int64_t rows, std::int64_t columns, const float* x, float* y,
                        std::int64_t stride);

// dx[i] = dy[i] f'(x[i]) with x the input of the forward pass; dx may be dy.
void activation_backward(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx);

}  // namespace kernels
}  // namespace ingot::engine
