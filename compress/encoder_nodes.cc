#include "compress/encoder_nodes.h"

#include <algorithm>
#include <cmath>

#include "compress/integer/operation.h"
#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/layer_norm.h"

namespace ingot::compress {
namespace {

std::vector<std::int32_t> codes_of(std::span<const float> values, const FixedPoint& format) {
  std::vector<std::int32_t> codes;
  for (const float v : values)
    codes.push_back(
        static_cast<std::int32_t>(engine::fixed_code(v, format.frac_bits, *format.rounding, format.codes())));
  return codes;
}

}  // namespace

FixedPoint sum_format(const NormFormats& formats) {
  double most = 0;
  for (const FixedPoint& addend : formats.addends) {
    const engine::CodeRange codes = addend.codes();
    most += std::ldexp(static_cast<double>(std::max(-codes.lowest, codes.highest + 1)),
                       formats.sum_frac_bits - addend.frac_bits);
  }
  const int width = std::clamp(static_cast<int>(std::ceil(std::log2(std::max(most, 1.0)))) + 1, 2, 32);
  return {width, formats.sum_frac_bits, true, engine::Rounding::nearest_even};
}

Node norm_node(const std::string& name, const NormFormats& formats, std::span<const float> gamma,
               std::span<const float> beta, float epsilon) {
  LayerNorm norm{.gamma = codes_of(gamma, formats.gamma),
                 .beta = codes_of(beta, formats.beta),
                 .gamma_frac_bits = formats.gamma.frac_bits,
                 .beta_frac_bits = formats.beta.frac_bits,
                 .epsilon = norm_epsilon(static_cast<double>(epsilon), static_cast<std::int64_t>(gamma.size()),
                                         formats.sum_frac_bits)};
  if (formats.is_cheap) norm.root_table = make_root_table();
  return {.name = name, .kind = &operation("layer_norm"), .data = std::move(norm)};
}

Node attention_node(const std::string& name, const AttentionFormats& formats, std::int64_t n_heads, std::int64_t size,
                    std::int64_t longest) {
  const auto table = formats.is_cheap ? line_table : exponential_table;
  Attention attention{.n_heads = n_heads,
                      .longest = longest,
                      .score_width = formats.scores.width,
                      .exponential_width = formats.exponentials.width,
                      .exponentials = table(formats.exponentials.width, formats.scores.frac_bits)};
  set_scale(attention, size / n_heads, formats.query.frac_bits + formats.key.frac_bits, formats.scores.frac_bits);
  return {.name = name, .kind = &operation("attention"), .data = std::move(attention)};
}

Node summary_node(const std::string& name, bert::Pooling pooling) {
  return {.name = name, .kind = &operation(pooling == bert::Pooling::mean ? "mean" : "first")};
}

}  // namespace ingot::compress
