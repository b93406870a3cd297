// The normative definition of attention, one query at a time, sums in double.
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/rng.h"
#include "engine/kernels/attention/table.h"

namespace ingot::engine::kernels {
namespace {

double dot(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

bool visible(const AttentionHead& head, std::int64_t key) {
  return head.key_visible == nullptr || head.key_visible[key] != 0;
}

// What dropout multiplies the probability of a key by: the definition of dropout/dropout.h.
double multiplier(const AttentionHead& head, std::int64_t query, std::int64_t key) {
  if (!head.drops) return 1;
  const std::int64_t row = head.mask_row + query * head.mask_step;
  const PhiloxBlock block =
      philox({static_cast<std::uint32_t>(16 * (key / 128) + key % 16), static_cast<std::uint32_t>(row),
              static_cast<std::uint32_t>(head.dropout_stream), static_cast<std::uint32_t>(head.dropout_stream >> 32)},
             head.dropout_seed);
  const std::int64_t half_word = key % 128 / 16;
  const std::uint32_t bits = block[static_cast<std::size_t>(half_word / 2)] >> 16 * (half_word % 2) & 0xffff;
  return bits >= head.dropout_threshold ? head.dropout_scale : 0;
}

double score(const AttentionHead& head, std::int64_t query, std::int64_t key) {
  return head.scale * dot(head.query + query * head.stride, head.key + key * head.stride, head.head_dim);
}

void add_scaled(std::vector<double>& sum, double factor, const float* x) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += factor * x[i];
}

void store(const std::vector<double>& sum, double factor, float* out) {
  for (std::size_t i = 0; i < sum.size(); ++i) out[i] = static_cast<float>(sum[i] * factor);
}

void forward(const AttentionHead& head, std::int64_t first, std::int64_t last, float* output, float* log_sum_exp,
             float*) {
  std::vector<double> scores(static_cast<std::size_t>(head.length));
  for (std::int64_t query = first; query < last; ++query) {
    double largest = -INFINITY;
    for (std::int64_t key = 0; key < head.length; ++key) {
      double& s = scores[static_cast<std::size_t>(key)];
      s = visible(head, key) ? score(head, query, key) : -INFINITY;
      largest = std::max(largest, s);
    }
    double sum = 0;
    std::vector<double> mixed(static_cast<std::size_t>(head.head_dim), 0.0);
    for (std::int64_t key = 0; key < head.length; ++key) {
      if (!visible(head, key)) continue;
      const double e = std::exp(scores[static_cast<std::size_t>(key)] - largest);
      sum += e;
      add_scaled(mixed, e * multiplier(head, query, key), head.value + key * head.stride);
    }
    store(mixed, 1 / sum, output + query * head.output_stride);
    if (log_sum_exp != nullptr) log_sum_exp[query] = static_cast<float>(largest + std::log(sum));
  }
}

// With P the probabilities, M the multipliers and O = (M P) V: dV = (M P)^T dO, and, with dP = M (dO V^T), the gradient
// of the scores is P (dP - sum_k P dP), where sum_k P dP = dO . O.
void backward(const AttentionHead& head, const AttentionHeadGradient& gradient, float*) {
  const std::int64_t dim = head.head_dim, stride = head.stride;
  const auto n = static_cast<std::size_t>(head.length * dim);
  std::vector<double> d_key(n, 0.0), d_value(n, 0.0);
  for (std::int64_t query = 0; query < head.length; ++query) {
    const float* d_output = gradient.d_output + query * stride;
    const double mean = dot(d_output, gradient.output + query * stride, dim);
    std::vector<double> d_query(static_cast<std::size_t>(dim), 0.0);
    for (std::int64_t key = 0; key < head.length; ++key) {
      if (!visible(head, key)) continue;
      const double p = std::exp(score(head, query, key) - gradient.log_sum_exp[query]);
      const double m = multiplier(head, query, key);
      const double d_score = head.scale * p * (m * dot(d_output, head.value + key * stride, dim) - mean);
      add_scaled(d_query, d_score, head.key + key * stride);
      for (std::int64_t i = 0; i < dim; ++i) {
        d_key[static_cast<std::size_t>(key * dim + i)] += d_score * head.query[query * stride + i];
        d_value[static_cast<std::size_t>(key * dim + i)] += m * p * d_output[i];
      }
    }
    store(d_query, 1, gradient.d_query + query * stride);
  }
  for (std::int64_t key = 0; key < head.length; ++key)
    for (std::int64_t i = 0; i < dim; ++i) {
      gradient.d_key[key * stride + i] = static_cast<float>(d_key[static_cast<std::size_t>(key * dim + i)]);
      gradient.d_value[key * stride + i] = static_cast<float>(d_value[static_cast<std::size_t>(key * dim + i)]);
    }
}

std::int64_t scratch_floats(std::int64_t, std::int64_t) { return 0; }

}  // namespace

extern const AttentionRow kAttentionReference{
    .isa = Isa::reference, .forward = forward, .backward = backward, .scratch = scratch_floats};

}  // namespace ingot::engine::kernels
