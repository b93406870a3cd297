#include <algorithm>
#include <vector>

#include "engine/kernels/integer_attention/table.h"

namespace ingot::engine::kernels {
namespace {

void attend(const IntegerAttention& a, const IntegerAttentionHead& head, const IntegerAttentionScratch&) {
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

}  // namespace

extern const IntegerAttentionRow kIntegerAttentionReference{.isa = Isa::reference, .in_words = false, .attend = attend};

}  // namespace ingot::engine::kernels
