// How wide the numbers of a core are: proved for any input from the graph, as compress/integer/ops/ proves them.
#include "hw/core/widths.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/embedding.h"
#include "compress/integer/ops/layer_norm.h"
#include "compress/integer/ops/linear.h"
#include "engine/base/error.h"

namespace ingot::hw {

using engine::require;

int address_width(std::int64_t n) {
  return std::max(1, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n - 1))));
}
int signed_width(const FixedPoint& format) { return format.width + (format.is_signed ? 0 : 1); }

namespace {

constexpr std::int64_t kBeatsOfWord = 8, kMostNarrowWords = 2048;  // of embeddings

std::int64_t largest(const FixedPoint& format) { return std::max(-format.codes().lowest, format.codes().highest); }
int bits_of(std::int64_t bound) { return compress::signed_bits(bound); }

// The widths of exact sums.
void set_sums(const Encoder& encoder, CorePlan& plan) {
  std::int64_t products = 1, sums = 1, bias = 1;
  for (const EncoderLinear* linear : encoder.linears()) {
    const std::int64_t bound = compress::sum_bound(linear->linear);
    products = std::max(products, bound);
    sums = std::max(sums, bound);
    for (const std::int64_t b : linear->linear.as<compress::Linear>()->bias) bias = std::max(bias, std::abs(b));
  }
  for (const EncoderLayer& layer : encoder.layers) {
    const auto& a = *layer.attention.as<compress::Attention>();
    const std::int64_t score =
        encoder.hidden() / a.n_heads * largest(layer.attention.in(0).format) * largest(layer.attention.in(1).format);
    const std::int64_t weighted =
        ((std::int64_t{1} << a.exponential_width) - 1) * plan.size.longest * largest(layer.attention.in(2).format);
    products = std::max({products, score, weighted});
    sums = std::max(sums, score * a.multiplier);
  }
  plan.products_width = bits_of(products);
  plan.sum_width = bits_of(sums);
  plan.bias_width = bits_of(bias);
}

// SHIFT is the largest shift of any channel; each is shifted left by what its own is less.
void set_shifts(const Encoder& encoder, CorePlan& plan) {
  int most = 1, least = 1;
  const auto note = [&](int shift) {
    most = std::max(most, shift);
    least = std::min(least, shift);
  };
  for (const EncoderLinear* linear : encoder.linears()) {
    for (std::int64_t j = 0; j < linear->linear.n_out(); ++j) note(compress::shift(linear->linear, j));
  }
  for (const EncoderLayer& layer : encoder.layers) note(layer.attention.as<compress::Attention>()->shift);
  plan.shift = most;
  plan.align_width = address_width(most - least + 1);
  require(most - least <= 63, "{}: shifts of its channels are {} places apart; a core has at most 63", encoder.name(),
          most - least);
}

void set_quotients(const Encoder& encoder, CorePlan& plan) {
  int least = 0, most = 0, bits = 2;
  const auto note = [&](const Layer& layer, std::size_t i) {
    const int k = layer.output().frac_bits - layer.in(i).format.frac_bits;
    least = std::min(least, k);
    most = std::max(most, k);
    bits = std::max(bits, bits_of(largest(layer.in(i).format)) - 1 + std::max(k, 0));
  };
  for (const EncoderLayer& layer : encoder.layers) note(layer.attention, 2);
  if (encoder.summary) note(*encoder.summary, 0);
  plan.denominator_left = -least;
  plan.left_width = address_width(most - least + 1);
  plan.quotient_width = bits;
}

void set_norms(const Encoder& encoder, CorePlan& plan) {
  const std::int64_t n = encoder.hidden();
  std::int64_t variance = 1;
  int most = 1, least = 64, gamma = 2, beta_left = 64;
  for (const EncoderNorm* norm : encoder.norms()) {
    const auto& data = *norm->norm.as<compress::LayerNorm>();
    plan.norm_sum_width = std::max(plan.norm_sum_width, signed_width(norm->norm.input()));
    const std::int64_t x = largest(norm->norm.input());
    variance = std::max(variance, n * x * n * x + data.epsilon);
    const int product = compress::kNormFracBits + data.gamma_frac_bits;
    most = std::max(most, product - norm->norm.output().frac_bits);
    least = std::min(least, product - norm->norm.output().frac_bits);
    beta_left = std::min(beta_left, product - data.beta_frac_bits);
    for (const std::int32_t g : data.gamma) gamma = std::max(gamma, bits_of(std::abs(std::int64_t{g})));
  }
  int beta = 2;
  for (const EncoderNorm* norm : encoder.norms()) {
    const auto& data = *norm->norm.as<compress::LayerNorm>();
    const int left = compress::kNormFracBits + data.gamma_frac_bits - data.beta_frac_bits - beta_left;
    for (const std::int32_t b : data.beta) beta = std::max(beta, bits_of(std::abs(std::int64_t{b}) << left));
  }
  plan.variance_width =
      std::max(32, (static_cast<int>(std::bit_width(static_cast<std::uint64_t>(variance))) + 1) / 2 * 2);
  plan.norm_shift = most;
  plan.norm_align_width = address_width(most - least + 1);
  plan.gamma_width = gamma;
  plan.beta_width = beta;
  plan.beta_left = beta_left;
}

void set_elements(const Encoder& encoder, CorePlan& plan) {
  int element = signed_width(encoder.rows.format), result = 2, table = 2;
  for (const EncoderNorm* norm : encoder.norms()) element = std::max(element, signed_width(norm->norm.output()));
  for (const EncoderLayer& layer : encoder.layers) {
    for (std::size_t i = 0; i < 3; ++i) element = std::max(element, signed_width(layer.attention.in(i).format));
    element = std::max(element, signed_width(layer.attention.output()));
    element = std::max(element, signed_width(layer.intermediate.output().format));
    result = std::max(
        {result, signed_width(layer.attention_output.result().format), signed_width(layer.output.result().format)});
  }
  if (encoder.summary) element = std::max(element, signed_width(encoder.summary->output()));
  for (const EncoderLinear* linear : encoder.linears()) {
    const bool is_answer = !encoder.head.empty() && linear == &encoder.head.back();
    if (linear->activation) table = std::max(table, signed_width(linear->output().format));
    if (!is_answer) result = std::max(result, signed_width(linear->result().format));
    if (!is_answer && linear->activation) element = std::max(element, signed_width(linear->output().format));
    if (is_answer) result = std::max(result, answer_width(*linear));
  }
  plan.element_width = element;
  plan.result_width = std::max({result, element, table, plan.score_width});
  plan.table_width = table;
}

void set_embeddings(const Encoder& encoder, CorePlan& plan) {
  if (encoder.takes_rows()) return;
  const auto& sum = *encoder.embedding->as<compress::EmbeddingSum>();
  int shift = 0;
  for (const compress::EmbeddingRows* rows : {&sum.word, &sum.position, &sum.token_type})
    shift = std::max(shift, *std::max_element(rows->shifts.begin(), rows->shifts.end()));
  plan.embedding_shift_width = address_width(shift + 1);
  plan.embedding_elements = encoder.hidden();
  // Narrow words take fewer registers, and fewer block RAMs if these are filled by them.
  const auto can_halve = [&] {
    const std::int64_t n = plan.embedding_elements;
    return n % 2 == 0 && (n > 64 || (n / 2 % (kBeatsOfWord * plan.size.lanes) == 0 &&
                                     sum.word.n * encoder.hidden() / (n / 2) <= kMostNarrowWords));
  };
  while (can_halve()) plan.embedding_elements /= 2;
}

}  // namespace

int answer_width(const EncoderLinear& linear) {
  int left = 0;
  for (std::int64_t j = 0; j < linear.linear.n_out(); ++j) left = std::max(left, -compress::shift(linear.linear, j));
  return std::min(32, bits_of(compress::sum_bound(linear.linear)) + left);
}

void set_widths(const Encoder& encoder, CorePlan& plan) {
  const auto& attention = *encoder.layers.front().attention.as<compress::Attention>();
  plan.score_width = attention.score_width;
  plan.exponential_width = attention.exponential_width;
  plan.multiplier = attention.multiplier;
  plan.has_root_table = !encoder.norms().front()->norm.as<compress::LayerNorm>()->root_table.empty();
  set_sums(encoder, plan);
  set_shifts(encoder, plan);
  set_quotients(encoder, plan);
  set_norms(encoder, plan);
  set_elements(encoder, plan);
  set_embeddings(encoder, plan);
  plan.summary_width = signed_width(encoder.layers.back().output_norm.norm.output()) +
                       std::bit_width(static_cast<std::uint64_t>(plan.size.longest));
}

}  // namespace ingot::hw
