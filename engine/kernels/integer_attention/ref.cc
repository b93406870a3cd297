#include <algorithm>
#include <vector>

#include "engine/base/threads.h"
#include "engine/kernels/integer_attention/table.h"

namespace ingot::engine::kernels {
namespace {

// A head of a text: its first row in each, n rows that are `stride` codes apart.
struct Head {
  std::int64_t n, stride;
  const std::int32_t *q, *k, *v;
  std::int32_t* y;
};

void attend(const IntegerAttention& a, const Head& head) {
  std::vector<std::int64_t> s(static_cast<std::size_t>(head.n)), e(static_cast<std::size_t>(head.n));
  for (std::int64_t i = 0; i < head.n; ++i) {
    for (std::int64_t j = 0; j < head.n; ++j) {
      std::int64_t dot = 0;
      for (std::int64_t p = 0; p < a.part; ++p)
        dot += std::int64_t{head.q[i * head.stride + p]} * head.k[j * head.stride + p];
      s[static_cast<std::size_t>(j)] = requantize(dot * a.multiplier, a.shift, Rounding::nearest_even, a.scores);
    }
    const std::int64_t highest = *std::max_element(s.begin(), s.end());
    std::int64_t total = 0;
    for (std::size_t j = 0; j < s.size(); ++j)
      total += e[j] = a.exponentials[std::min<std::int64_t>(highest - s[j], 255)];
    for (std::int64_t p = 0; p < a.part; ++p) {
      std::int64_t sum = 0;
      for (std::int64_t j = 0; j < head.n; ++j) sum += e[static_cast<std::size_t>(j)] * head.v[j * head.stride + p];
      const std::int64_t quotient = divide(a.output_left > 0 ? sum * (std::int64_t{1} << a.output_left) : sum,
                                           a.output_left < 0 ? total << -a.output_left : total, a.rounding);
      head.y[i * head.stride + p] = static_cast<std::int32_t>(saturate(quotient, a.range));
    }
  }
}

void soften(const SoftmaxBlock& b) {
  for (std::int64_t i = 0; i < b.m; ++i) {
    std::int32_t* s = b.sums + i * b.ld_sums;
    for (std::int64_t j = 0; j < b.n; ++j)
      s[j] = static_cast<std::int32_t>(
          requantize(std::int64_t{s[j]} * b.multiplier, b.shift, Rounding::nearest_even, b.scores));
    const std::int32_t highest = *std::max_element(s, s + b.n);
    b.totals[i] = 0;
    for (std::int64_t j = 0; j < b.n; ++j) {
      const std::int16_t e = b.exponentials[std::min(highest - s[j], 255)];
      b.weights[i * b.ld_weights + j] = e;
      b.totals[i] += e + kExponentialCentre;
    }
  }
}

void accumulate(std::int64_t m, std::int64_t n, const std::int32_t* c, std::int64_t ld_c, double* sums,
                std::int64_t ld) {
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) sums[i * ld + j] += c[i * ld_c + j];
}

void divide_sums(const DivideBlock& b) {
  for (std::int64_t i = 0; i < b.m; ++i) {
    const auto total = static_cast<std::int64_t>(b.totals[i]);
    for (std::int64_t j = 0; j < b.n; ++j) {
      const auto sum = static_cast<std::int64_t>(b.sums[i * b.ld_sums + j]);
      const std::int64_t quotient = divide(b.left > 0 ? sum * (std::int64_t{1} << b.left) : sum,
                                           b.left < 0 ? total << -b.left : total, Rounding::nearest_even);
      store_code(b.type, b.y, i * b.ld_y + j, static_cast<std::int32_t>(saturate(quotient, b.range)));
    }
  }
}

}  // namespace

void integer_attention_reference(const IntegerAttention& a, std::int64_t n_texts, const std::int32_t* offsets,
                                 const std::int32_t* q, const std::int32_t* k, const std::int32_t* v, std::int32_t* y) {
  const std::int64_t stride = a.n_heads * a.part;
  parallel_for(n_texts * a.n_heads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t text = i / a.n_heads, at = offsets[text] * stride + i % a.n_heads * a.part;
      attend(a, {offsets[text + 1] - offsets[text], stride, q + at, k + at, v + at, y + at});
    }
  });
}

extern const IntegerAttentionRow kIntegerAttentionReference{
    .isa = Isa::reference, .soften = soften, .accumulate = accumulate, .divide = divide_sums};

}  // namespace ingot::engine::kernels
