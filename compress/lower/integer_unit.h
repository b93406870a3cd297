// Linear layers of an integer program, packed for the kernels: one, or several that read the same codes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "compress/lower/program.h"
#include "engine/kernels/fixed_gemm/wide.h"

namespace ingot::compress {

// Codes of activations, row-major without gaps, in memory of the tensors' arena.
struct ActivationCodes {
  engine::kernels::Quantization format;
  std::int64_t rows, columns;
  engine::Tensor memory;

  ActivationCodes(const engine::kernels::Quantization& format, std::int64_t rows, std::int64_t columns);
  void* data() const { return memory.data(); }
};

class IntegerUnit {
 public:
  // Layers with equal inputs; several only if `can_join` them. The activation follows each output.
  IntegerUnit(std::span<const IntegerLinear* const> layers, engine::Activation activation);

  std::int64_t n() const { return n_; }  // outputs of all layers, side by side
  // How inputs become codes: format and container that the kernel wants.
  const engine::kernels::Quantization& input() const { return input_; }
  // Weights, biases and factors as they are held.
  std::size_t bytes() const;

  // The codes of x[rows, k], rows ldx floats apart.
  ActivationCodes quantize(std::int64_t rows, const float* x, std::int64_t ldx) const;
  // y[rows, n()] = activation(sums + bias).
  void multiply(const ActivationCodes& x, float* y, std::int64_t ldy) const;
  // The same as codes for the next unit. Only if !is_wide().
  ActivationCodes multiply(const ActivationCodes& x, const engine::kernels::Quantization& next) const;
  bool is_wide() const { return std::holds_alternative<Wide>(product_); }  // sums of 64 bits

 private:
  struct Narrow {
    engine::kernels::PackedWeights weights;
    engine::kernels::Dequantizer dequantizer;
  };
  struct Wide {
    engine::kernels::WideWeights weights;
    std::vector<double> factors;
    std::vector<float> bias;
  };

  static Narrow narrow(std::span<const IntegerLinear* const> layers, const engine::kernels::Quantization& input,
                       engine::Activation activation);
  static Wide wide(const IntegerLinear& layer);
  void multiply_wide(const Wide& wide, const ActivationCodes& x, float* y, std::int64_t ldy) const;

  std::int64_t n_ = 0, k_;
  engine::Activation activation_;
  engine::kernels::Quantization input_;
  std::variant<Narrow, Wide> product_;
};

// Whether one product can serve all layers: they need equal inputs, sums within 32 bits, and outputs that stay floats.
bool can_join(std::span<const IntegerLinear* const> layers);

}  // namespace ingot::compress
