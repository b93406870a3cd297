// Linear on the engine's integer kernels: the codes of the reference, only faster.
#include <optional>

#include "compress/integer/kernel.h"
#include "compress/integer/ops/linear.h"
#include "engine/kernels/fixed_gemm/fixed_gemm.h"

namespace ingot::compress {
namespace {

using engine::CodeType;
namespace kernels = engine::kernels;

// Weights or inputs of more than 8 bits are multiplied in 16.
bool is_wide(const Layer& layer) { return layer.as<Linear>()->weight_width > 8 || layer.input().width > 8; }

class Fast : public Kernel {
 public:
  explicit Fast(const Layer& layer)
      : layer_(layer), weights_(packed(layer, is_wide(layer) ? CodeType::s16 : code_type(layer.input()))) {
    for (std::int64_t j = 0; j < layer.n_out(); ++j) shifts_.push_back(shift(layer, j));
    const CodeType type = code_type(layer.output());
    if (type != CodeType::s32)
      requantizer_.emplace(
          weights_,
          kernels::Requantization{
              .shifts = shifts_, .rounding = *layer.output().rounding, .type = type, .range = layer.output().codes()});
  }

  void run(std::int64_t first, std::int64_t last, const KernelCall& call) const override {
    const Rows& in = call.in[0];
    const std::int64_t m = last - first;
    if (in.type == weights_.activations()) return multiply(m, in.row(first), call.out.row(first));
    std::vector<std::int16_t> words(static_cast<std::size_t>(m * in.size));
    for (std::size_t i = 0; i < words.size(); ++i)
      words[i] = static_cast<std::int16_t>(engine::load_code(in.type, in.row(first), static_cast<std::int64_t>(i)));
    multiply(m, words.data(), call.out.row(first));
  }

 private:
  static kernels::PackedWeights packed(const Layer& node, CodeType type) {
    const Linear& linear = *node.as<Linear>();
    const std::vector<std::int32_t> bias(linear.bias.begin(), linear.bias.end());
    const kernels::FixedLayer layer{.name = node.name(),
                                    .n = linear.n,
                                    .k = linear.k,
                                    .activations = type,
                                    .activation_range = node.input().codes(),
                                    .bias = bias};
    if (type == CodeType::s16) return {layer, std::vector<std::int16_t>(linear.weights.begin(), linear.weights.end())};
    return {layer, 8, std::vector<std::int8_t>(linear.weights.begin(), linear.weights.end())};
  }

  void multiply(std::int64_t m, const void* x, void* y) const {
    if (requantizer_) return kernels::fixed_linear(weights_, m, x, weights_.k(), *requantizer_, y, weights_.n());
    auto* const sums = static_cast<std::int32_t*>(y);
    kernels::fixed_linear(weights_, m, x, weights_.k(), sums, weights_.n());
    const FixedPoint& format = layer_.output();
    for (std::int64_t i = 0; i < m * weights_.n(); ++i)
      sums[i] = static_cast<std::int32_t>(engine::requantize(
          sums[i], shifts_[static_cast<std::size_t>(i % weights_.n())], *format.rounding, format.codes()));
  }

  Layer layer_;
  std::vector<int> shifts_;
  kernels::PackedWeights weights_;
  std::optional<kernels::Requantizer> requantizer_;
};

}  // namespace

std::unique_ptr<Kernel> fast_linear(const Layer& linear) {
  const bool serves = code_type(linear.input()) != CodeType::s32 && linear.output().rounding.has_value() &&
                      sum_bound(linear) < std::int64_t{1} << 31;
  return serves ? std::make_unique<Fast>(linear) : nullptr;
}

}  // namespace ingot::compress
