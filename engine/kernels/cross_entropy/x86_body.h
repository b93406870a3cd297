// Sums of exponentials over Vec, for x86_avx2.cc and x86_avx512.cc.
#pragma once

#include "engine/kernels/cross_entropy/table.h"
#include "engine/kernels/simd/loops.h"
#include "engine/kernels/simd/math.h"

namespace ingot::engine::kernels {
namespace {

float largest(std::int64_t n, const float* x) {
  constexpr int width = Vec::width;
  if (n < width) {
    float m = x[0];
    for (std::int64_t i = 1; i < n; ++i) m = x[i] > m ? x[i] : m;
    return m;
  }
  const Vec first = load(x);
  Vec m[4] = {first, first, first, first};
  std::int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    for (int k = 0; k < 4; ++k) m[k] = max(m[k], load(x + i + k * width));
  }
  for (; i + width <= n; i += width) m[0] = max(m[0], load(x + i));
  m[1] = max(m[1], load(x + n - width));  // the tail, with some that were seen before
  return maximum(max(max(m[0], m[1]), max(m[2], m[3])));
}

// exp(x - maximum) for x <= maximum. The rounding error of a difference of 40 would be 2e-6 of the result: it is found
// exactly (Knuth's two-sum) and put back. The bound keeps -infinity out of that.
inline Vec exp_of_difference(Vec x, Vec maximum) {
  x = max(maximum - set1(100.0f), x);
  const Vec difference = x - maximum;
  const Vec x_part = difference + maximum;
  const Vec error = (x - x_part) - (maximum - (x_part - difference));
  const Vec e = exp(difference);
  return fma(e, error, e);
}

// Sum of exp(x[i] - maximum): floats within a block, doubles over the blocks, so that 30,000 terms cost no digits.
double sum_of_exponentials(std::int64_t n, const float* x, float maximum, float* exponentials) {
  constexpr std::int64_t block = 512;
  double total = 0;
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const std::int64_t count = n - begin < block ? n - begin : block;
    total += sum_lanes(count, [&](std::int64_t i, auto lanes) {
      const Vec e = exp_of_difference(load(x + begin + i, lanes), set1(maximum));
      if (exponentials != nullptr) store(exponentials + begin + i, e, lanes);
      return e;
    });
  }
  return total;
}

SoftmaxSums softmax_sums(std::int64_t n_classes, const float* logits, std::int32_t label, float* exponentials) {
  const float maximum = largest(n_classes, logits);
  const std::int64_t after = label + 1;
  const double others = sum_of_exponentials(label, logits, maximum, exponentials) +
                        sum_of_exponentials(n_classes - after, logits + after, maximum,
                                            exponentials == nullptr ? nullptr : exponentials + after);
  return {maximum, others};
}

void scale(std::int64_t n, float factor, float* x) {
  for_lanes(n, [&](std::int64_t i, auto lanes) { store(x + i, load(x + i, lanes) * set1(factor), lanes); });
}

}  // namespace
}  // namespace ingot::engine::kernels
