#include "compress/lower/program.h"

#include <fmt/format.h>

#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::Rounding;
using engine::Tensor;

// Why this tensor has no integers that can be multiplied; "" if it has.
std::string gap(const char* tensor, const std::optional<Quantizer>& quantizer) {
  if (!quantizer) return fmt::format("its {} is not quantised", tensor);
  const std::string format = to_string(quantizer->format);
  const std::optional<FixedPoint> fixed = as_fixed(quantizer->format);
  if (!fixed) return fmt::format("its {} is {}, which is not fixed point", tensor, format);
  if (!fixed->rounding) return fmt::format("its {} is rounded at random ({})", tensor, format);
  if (fixed->width > kMaxLoweredWidth)
    return fmt::format("its {} has {} bits, more than {} ({})", tensor, fixed->width, kMaxLoweredWidth, format);
  // There float32 loses what is below its smallest number before it rounds down.
  if (quantizer->mode == Mode::mase && fixed->rounding == Rounding::floor && fixed->frac_bits < 0)
    return fmt::format("its {} is rounded down to a unit above 1 in mode mase ({})", tensor, format);
  return "";
}

std::vector<int> frac_bits_of(const Quantizer& quantizer, std::int64_t n) {
  if (!quantizer.channel_frac_bits.empty()) return quantizer.channel_frac_bits;
  return std::vector<int>(static_cast<std::size_t>(n), as_fixed(quantizer.format)->frac_bits);
}

// The codes of numbers that are values of the format already, rows of k with fraction bits of their own.
template <class Code>
std::vector<Code> codes_of(const std::string& name, const char* tensor, const Tensor& values, const FixedPoint& fixed,
                           const std::vector<int>& frac_bits) {
  std::vector<Code> codes;
  const std::size_t k = static_cast<std::size_t>(values.size()) / frac_bits.size();
  for (std::size_t i = 0; i < static_cast<std::size_t>(values.size()); ++i) {
    const float value = values.data()[i];
    const std::int64_t code = engine::fixed_code(value, frac_bits[i / k], Rounding::nearest_even, fixed.codes());
    engine::require(engine::fixed_value(code, frac_bits[i / k]) == value,
                    "{}: {} {} is not a number of {} bits with {} fraction bits: {}", name, tensor, i, fixed.width,
                    frac_bits[i / k], value);
    codes.push_back(static_cast<Code>(code));
  }
  return codes;
}

// Two's complement, which -1 and 1 need 2 bits of.
int width_of_weights(const FixedPoint& format) {
  return format.set == CodeSet::all ? format.width + (format.is_signed ? 0 : 1) : 2;
}

IntegerLinear lower_linear(const std::string& name, const engine::Linear& linear, const LayerCompression& how) {
  const Quantizer& weight = *how[Role::weight];
  const std::int64_t n = linear.weight.shape()[0];
  const FixedPoint weight_format = *as_fixed(weight.format);
  IntegerLinear layer{.name = name,
                      .input = *as_fixed(how[Role::input]->format),
                      .sparse_input = how.input_sparsity > 0,
                      .linear = {.n = n,
                                 .k = linear.weight.shape()[1],
                                 .weight_width = width_of_weights(weight_format),
                                 .weight_frac_bits = frac_bits_of(weight, n)}};
  layer.linear.weights = codes_of<std::int32_t>(name, "weight", linear.effective_weight().value(), weight_format,
                                                layer.linear.weight_frac_bits);
  layer.bound = sum_bound(layer.linear, layer.input);
  const Tensor bias = linear.effective_bias().value();
  layer.bias.assign(bias.span().begin(), bias.span().end());
  if (how[Role::bias]) layer.bias_format = as_fixed(how[Role::bias]->format);
  if (layer.bias_format) {
    layer.bias_frac_bits = frac_bits_of(*how[Role::bias], n);
    layer.bias_codes = codes_of<std::int64_t>(name, "bias", bias, *layer.bias_format, layer.bias_frac_bits);
  }
  if (how[Role::output]) layer.output = as_fixed(how[Role::output]->format);
  for (std::int64_t j = 0; layer.output && j < n; ++j)
    layer.shifts.push_back(layer.sum_frac_bits(j) - layer.output->frac_bits);
  return layer;
}

}  // namespace

IntegerProgram lower(bert::Model& model, const Compression& compression) {
  const engine::NoGradient off;
  IntegerProgram program;
  for (const auto& [name, linear] : model.linears()) {
    const auto found = compression.find(name);
    const LayerCompression how = found == compression.end() ? LayerCompression{} : found->second;
    std::string reason = gap("input", how[Role::input]);
    if (reason.empty()) reason = gap("weight", how[Role::weight]);
    if (!reason.empty()) {
      program.left.push_back({name, reason});
    } else {
      program.layers.push_back(lower_linear(name, *linear, how));
    }
  }
  return program;
}

}  // namespace ingot::compress
