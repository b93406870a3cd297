// Linear on the engine's integer kernels: the codes of the reference, only faster.
#include <optional>

#include "compress/integer/ops/linear.h"
#include "engine/kernels/fixed_gemm/fixed_gemm.h"

namespace ingot::compress {
namespace {

using engine::CodeType;
namespace kernels = engine::kernels;

// The narrowest type of the kernels that holds the codes of a format.
std::optional<CodeType> code_type(const FixedPoint& format) {
  if (format.width <= 8) return format.is_signed ? CodeType::s8 : CodeType::u8;
  if (format.is_signed ? format.width <= 16 : format.width < 16) return CodeType::s16;
  return std::nullopt;
}

class Fast : public RowEvaluator {
 public:
  explicit Fast(const Layer& layer)
      : k_(layer.n_in()),
        n_(layer.n_out()),
        x_type_(is_wide(layer) ? CodeType::s16 : *code_type(layer.input())),
        weights_(packed(layer, x_type_)),
        requantizer_(weights_, requantization(layer)) {}

  Codes row(const Codes& x) override {
    const auto m = static_cast<std::int64_t>(x.size()) / k_;
    switch (x_type_) {
      case CodeType::s8:
        return run_as<std::int8_t>(m, x);
      case CodeType::u8:
        return run_as<std::uint8_t>(m, x);
      default:
        return run_as<std::int16_t>(m, x);
    }
  }

 private:
  static bool is_wide(const Layer& layer) { return layer.as<Linear>()->weight_width > 8 || layer.input().width > 8; }

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

  kernels::Requantization requantization(const Layer& layer) {
    for (std::int64_t j = 0; j < layer.n_out(); ++j) shifts_.push_back(shift(layer, j));
    y_type_ = *code_type(layer.output());
    return {.shifts = shifts_, .rounding = *layer.output().rounding, .type = y_type_, .range = layer.output().codes()};
  }

  template <class X>
  Codes run_as(std::int64_t m, const Codes& codes) const {
    const std::vector<X> x(codes.begin(), codes.end());
    switch (y_type_) {
      case CodeType::s8:
        return multiply<std::int8_t>(m, x.data());
      case CodeType::u8:
        return multiply<std::uint8_t>(m, x.data());
      default:
        return multiply<std::int16_t>(m, x.data());
    }
  }

  template <class Y>
  Codes multiply(std::int64_t m, const void* x) const {
    std::vector<Y> y(static_cast<std::size_t>(m * n_));
    kernels::fixed_linear(weights_, m, x, k_, requantizer_, y.data(), n_);
    return {y.begin(), y.end()};
  }

  std::int64_t k_, n_;
  CodeType x_type_, y_type_ = CodeType::s8;
  std::vector<int> shifts_;
  kernels::PackedWeights weights_;
  kernels::Requantizer requantizer_;
};

}  // namespace

std::unique_ptr<Evaluator> fast_linear(const Layer& linear) {
  const bool serves =
      code_type(linear.input()) && code_type(linear.output()) && sum_bound(linear) < std::int64_t{1} << 31;
  return serves ? std::make_unique<Fast>(linear) : nullptr;
}

}  // namespace ingot::compress
