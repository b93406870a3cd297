// AdamW over Vec, for x86_avx2.cc and x86_avx512.cc: the operations of ref.cc one by one, none of them fused.
#pragma once

#include "engine/kernels/adamw/table.h"
#include "engine/kernels/simd/loops.h"

namespace ingot::engine::kernels {
namespace {

void update(const AdamWFactors& factors, std::int64_t n, const float* gradient, float* weight, float* first_moment,
            float* second_moment) {
  const Vec gradient_scale = set1(factors.gradient_scale), keep_weight = set1(factors.keep_weight);
  const Vec keep_first = set1(factors.keep_first), add_first = set1(factors.add_first);
  const Vec keep_second = set1(factors.keep_second), add_second = set1(factors.add_second);
  const Vec root_correction2 = set1(factors.root_correction2), eps = set1(factors.eps), step = set1(factors.step);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const Vec g = gradient_scale * load(gradient + i, lanes);
    const Vec m = keep_first * load(first_moment + i, lanes) + add_first * g;
    const Vec v = keep_second * load(second_moment + i, lanes) + add_second * g * g;
    store(first_moment + i, m, lanes);
    store(second_moment + i, v, lanes);
    store(weight + i, keep_weight * load(weight + i, lanes) - step * m / (sqrt(v) / root_correction2 + eps), lanes);
  });
}

double squares(std::int64_t n, const float* x) {
  SquareSums sums;
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) add_squares(sums, x + i);
  if (i < n) {
    float rest[16] = {};
    for (int lane = 0; i + lane < n; ++lane) rest[lane] = x[i + lane];
    add_squares(sums, rest);
  }
  return sum(sums);
}

}  // namespace
}  // namespace ingot::engine::kernels
