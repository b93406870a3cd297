#include "compress/lower/integer_unit.h"

#include <algorithm>

#include "engine/base/threads.h"
#include "engine/kernels/quantize/quantize.h"

namespace ingot::compress {
namespace {

using engine::Activation;
using engine::CodeRange;
using engine::CodeType;
using engine::Tensor;
using engine::kernels::Quantization;
using Layers = std::span<const IntegerLinear* const>;

constexpr std::int64_t kSumLimit = std::int64_t{1} << 31;
constexpr std::int64_t kWideRows = 512;  // of 64-bit sums held at a time

bool fits(CodeRange range, CodeType type) {
  const CodeRange all = engine::code_range(type);
  return all.lowest <= range.lowest && range.highest <= all.highest;
}

bool weights_fit(Layers layers, CodeType type) {
  return std::all_of(layers.begin(), layers.end(),
                     [&](const auto* layer) { return fits(layer->weight_codes(), type); });
}

bool within_32_bits(const IntegerLinear& layer) {
  return layer.bound < kSumLimit && fits(layer.input.codes(), CodeType::s16) &&
         fits(layer.weight_codes(), CodeType::s16);
}

// The container of activations: bytes where weights are bytes too, else words; 32 bits for 64-bit sums.
CodeType container(Layers layers) {
  const IntegerLinear& first = *layers.front();
  if (!within_32_bits(first)) return CodeType::s32;
  if (weights_fit(layers, CodeType::s8)) {
    if (fits(first.input.codes(), CodeType::s8)) return CodeType::s8;
    if (fits(first.input.codes(), CodeType::u8)) return CodeType::u8;
  }
  return CodeType::s16;
}

Quantization input_of(Layers layers) {
  const FixedPoint& input = layers.front()->input;
  return {input.frac_bits, *input.rounding, container(layers), input.codes()};
}

template <class Code>
std::vector<Code> joined_weights(Layers layers) {
  std::vector<Code> all;
  for (const IntegerLinear* layer : layers)
    for (const std::int32_t code : layer->linear.weights) all.push_back(static_cast<Code>(code));
  return all;
}

}  // namespace

ActivationCodes::ActivationCodes(const Quantization& format, std::int64_t rows, std::int64_t columns)
    : format(format),
      rows(rows),
      columns(columns),
      memory(Tensor::empty({(rows * columns * engine::code_bytes(format.type) + 3) / 4})) {}

bool can_join(Layers layers) {
  const IntegerLinear& first = *layers.front();
  return std::all_of(layers.begin(), layers.end(), [&](const IntegerLinear* layer) {
    return within_32_bits(*layer) && !layer->output && !layer->sparse_input && layer->linear.k == first.linear.k &&
           layer->input == first.input;
  });
}

IntegerUnit::Narrow IntegerUnit::narrow(Layers layers, const Quantization& input, Activation activation) {
  std::int64_t n = 0;
  std::vector<int> frac_bits;
  std::vector<float> bias;
  for (const IntegerLinear* layer : layers) {
    n += layer->linear.n;
    for (std::int64_t j = 0; j < layer->linear.n; ++j) frac_bits.push_back(layer->sum_frac_bits(j));
    bias.insert(bias.end(), layer->bias.begin(), layer->bias.end());
  }
  const engine::kernels::FixedLayer layer{layers.front()->name, n, layers.front()->linear.k, input.type, input.range};
  const bool four_bits =
      std::all_of(layers.begin(), layers.end(), [](const auto* one) { return one->weight_codes().highest <= 7; });
  using engine::kernels::PackedWeights;
  PackedWeights weights = input.type == CodeType::s16
                              ? PackedWeights(layer, joined_weights<std::int16_t>(layers))
                              : PackedWeights(layer, four_bits ? 4 : 8, joined_weights<std::int8_t>(layers));
  engine::kernels::Dequantizer dequantizer(weights, {.frac_bits = frac_bits, .bias = bias, .activation = activation});
  return {std::move(weights), std::move(dequantizer)};
}

IntegerUnit::Wide IntegerUnit::wide(const IntegerLinear& layer) {
  std::vector<double> factors;
  for (std::int64_t j = 0; j < layer.linear.n; ++j) factors.push_back(engine::power_of_two(-layer.sum_frac_bits(j)));
  return {{layer.name, layer.linear.n, layer.linear.k, layer.input.codes(), layer.linear.weights},
          std::move(factors),
          layer.bias};
}

IntegerUnit::IntegerUnit(Layers layers, Activation activation)
    : k_(layers.front()->linear.k),
      activation_(activation),
      input_(input_of(layers)),
      product_(input_.type == CodeType::s32 ? decltype(product_)(wide(*layers.front()))
                                            : decltype(product_)(narrow(layers, input_, activation))) {
  for (const IntegerLinear* layer : layers) n_ += layer->linear.n;
}

std::size_t IntegerUnit::bytes() const {
  if (const Wide* wide = std::get_if<Wide>(&product_))
    return wide->weights.weight_bytes() + static_cast<std::size_t>(n_) * (sizeof(double) + sizeof(float));
  const Narrow& narrow = std::get<Narrow>(product_);
  return narrow.weights.bytes() + narrow.dequantizer.bytes();
}

ActivationCodes IntegerUnit::quantize(std::int64_t rows, const float* x, std::int64_t ldx) const {
  ActivationCodes codes(input_, rows, k_);
  engine::kernels::quantize(rows, k_, x, ldx, {engine::kernels::FractionBits::Per::tensor, &input_.frac_bits},
                            input_.rounding, input_.range, {input_.type, codes.data(), k_});
  return codes;
}

void IntegerUnit::multiply(const ActivationCodes& x, float* y, std::int64_t ldy) const {
  if (const Wide* wide = std::get_if<Wide>(&product_)) return multiply_wide(*wide, x, y, ldy);
  const Narrow& narrow = std::get<Narrow>(product_);
  engine::kernels::fixed_linear(narrow.weights, x.rows, x.data(), k_, narrow.dequantizer, y, ldy);
}

ActivationCodes IntegerUnit::multiply(const ActivationCodes& x, const Quantization& next) const {
  const Narrow& narrow = std::get<Narrow>(product_);
  ActivationCodes codes(next, x.rows, n_);
  engine::kernels::fixed_linear(narrow.weights, x.rows, x.data(), k_, narrow.dequantizer, next, codes.data(), n_);
  return codes;
}

void IntegerUnit::multiply_wide(const Wide& wide, const ActivationCodes& x, float* y, std::int64_t ldy) const {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(std::min(x.rows, kWideRows) * n_));
  for (std::int64_t i0 = 0; i0 < x.rows; i0 += kWideRows) {
    const std::int64_t rows = std::min(kWideRows, x.rows - i0);
    wide.weights.multiply(rows, static_cast<const std::int32_t*>(x.data()) + i0 * k_, k_, sums.data(), n_);
    engine::parallel_for(rows, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        float* to = y + (i0 + i) * ldy;
        for (std::int64_t j = 0; j < n_; ++j) {
          const auto at = static_cast<std::size_t>(j);
          const double exact = static_cast<double>(sums[static_cast<std::size_t>(i * n_ + j)]) * wide.factors[at];
          to[j] = static_cast<float>(exact + static_cast<double>(wide.bias[at]));
        }
        if (activation_ != Activation::identity) engine::kernels::activation_forward(activation_, n_, to, to);
      }
    });
  }
}

}  // namespace ingot::compress
