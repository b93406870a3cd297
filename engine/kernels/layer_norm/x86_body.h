// Layer normalisation over Vec, for x86_avx2.cc and x86_avx512.cc: several passes over a row that stays in the L1
// cache.
#pragma once

#include "engine/kernels/dropout/x86_body.h"
#include "engine/kernels/layer_norm/table.h"
#include "engine/kernels/simd/loops.h"

namespace ingot::engine::kernels {
namespace {

// x = dropout(x) + residual, rounded twice as the two operations by themselves would.
inline void add_residual(const LayerNormForward& call, const MaskSource& source, std::int64_t r) {
  const std::int64_t n = call.n_columns;
  float* x = call.x + r * n;
  const float* residual = call.residual == nullptr ? nullptr : call.residual + r * n;
  if (call.mask.threshold == 0) {
    if (residual == nullptr) return;
    for_lanes(n,
              [&](std::int64_t c, auto lanes) { store(x + c, load(x + c, lanes) + load(residual + c, lanes), lanes); });
  } else if (residual == nullptr) {
    multiply_row(source, r, n, x, x);
  } else {
    for_multipliers(source, r, n, [&](std::int64_t c, auto lanes, Vec multipliers) {
      store(x + c, load(x + c, lanes) * multipliers + load(residual + c, lanes), lanes);
    });
  }
}

// Of one number: a root and a quotient of whole vectors take several times as long.
inline Vec reciprocal_root(float x) { return set1(1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)))); }

void forward(const LayerNormForward& call, std::int64_t first_row, std::int64_t end_row) {
  const MaskSource source = source_of(call.mask);
  const std::int64_t n = call.n_columns;
  const float per_column = 1.0f / static_cast<float>(n);
  for (std::int64_t r = first_row; r < end_row; ++r) {
    add_residual(call, source, r);
    const float* s = call.x + r * n;
    float* y = call.y + r * n;
    const Vec mean = set1(per_column * sum_lanes(n, [&](std::int64_t c, auto lanes) { return load(s + c, lanes); }));
    const float variance = per_column * sum_lanes(n, [&](std::int64_t c, auto lanes) {
                             const Vec centered = load(s + c, lanes) - mean;
                             return centered * centered;
                           });
    const Vec rstd = reciprocal_root(variance + call.eps);
    for_lanes(n, [&](std::int64_t c, auto lanes) {
      const Vec normalized = (load(s + c, lanes) - mean) * rstd;
      store(y + c, fma(normalized, load(call.gamma + c, lanes), load(call.beta + c, lanes)), lanes);
    });
    if (call.mean != nullptr) store(call.mean + r, mean, 1);
    if (call.rstd != nullptr) store(call.rstd + r, rstd, 1);
  }
}

// With h = (s - mean) rstd and g = dy gamma: ds = rstd (g - mean(g) - h mean(g h)).
void backward(const LayerNormBackward& call, std::int64_t first_row, std::int64_t end_row, float* dgamma,
              float* dbeta) {
  const MaskSource source = source_of(call.mask);
  const std::int64_t n = call.n_columns;
  const float per_column = 1.0f / static_cast<float>(n);
  for_lanes(n, [&](std::int64_t c, auto lanes) {
    store(dgamma + c, zero(), lanes);
    store(dbeta + c, zero(), lanes);
  });
  for (std::int64_t r = first_row; r < end_row; ++r) {
    const float* s = call.s + r * n;
    const float* dy = call.dy + r * n;
    float* ds = call.ds + r * n;
    const Vec mean = set1(call.mean[r]), rstd = set1(call.rstd[r]);
    Vec sum_g = zero(), sum_gh = zero();
    for_lanes(n, [&](std::int64_t c, auto lanes) {  // lanes out of use: dy = 0
      const Vec d = load(dy + c, lanes), h = (load(s + c, lanes) - mean) * rstd;
      const Vec g = d * load(call.gamma + c, lanes);
      sum_g = sum_g + g;
      sum_gh = fma(g, h, sum_gh);
      store(dgamma + c, fma(d, h, load(dgamma + c, lanes)), lanes);
      store(dbeta + c, d + load(dbeta + c, lanes), lanes);
    });
    const Vec mean_g = set1(per_column * sum(sum_g)), mean_gh = set1(per_column * sum(sum_gh));
    float* dx = call.dx == nullptr ? nullptr : call.dx + r * n;
    const bool copy = dx != nullptr && call.mask.threshold == 0;
    for_lanes(n, [&](std::int64_t c, auto lanes) {
      const Vec h = (load(s + c, lanes) - mean) * rstd;
      const Vec g = load(dy + c, lanes) * load(call.gamma + c, lanes);
      const Vec d = rstd * (negative_fma(h, mean_gh, g) - mean_g);
      store(ds + c, d, lanes);
      if (copy) store(dx + c, d, lanes);
    });
    if (dx != nullptr && !copy) multiply_row(source, r, n, ds, dx);
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
