// Normative: sums in double.
#include <cmath>

#include "engine/kernels/layer_norm/table.h"

namespace ingot::engine::kernels {
namespace {

void forward(const LayerNormForward& call, std::int64_t first_row, std::int64_t end_row) {
  const std::int64_t n = call.n_columns;
  for (std::int64_t r = first_row; r < end_row; ++r) {
    float* x = call.x + r * n;
    if (call.mask.threshold > 0) kDropoutReference.multiply(call.mask, r, 1, n, x, x);
    double sum = 0, squares = 0;
    for (std::int64_t c = 0; c < n; ++c) {
      if (call.residual != nullptr) x[c] += call.residual[r * n + c];
      sum += x[c];
    }
    const double mean = sum / static_cast<double>(n);
    for (std::int64_t c = 0; c < n; ++c) squares += (x[c] - mean) * (x[c] - mean);
    const double rstd = 1 / std::sqrt(squares / static_cast<double>(n) + call.eps);
    for (std::int64_t c = 0; c < n; ++c) {
      call.y[r * n + c] = static_cast<float>((x[c] - mean) * rstd * call.gamma[c] + call.beta[c]);
    }
    if (call.mean != nullptr) call.mean[r] = static_cast<float>(mean);
    if (call.rstd != nullptr) call.rstd[r] = static_cast<float>(rstd);
  }
}

// With h = (s - mean) rstd and g = dy gamma: ds = rstd (g - mean(g) - h mean(g h)).
void backward(const LayerNormBackward& call, std::int64_t first_row, std::int64_t end_row, float* dgamma,
              float* dbeta) {
  const std::int64_t n = call.n_columns;
  for (std::int64_t c = 0; c < n; ++c) dgamma[c] = dbeta[c] = 0;
  for (std::int64_t r = first_row; r < end_row; ++r) {
    const float* dy = call.dy + r * n;
    const double rstd = call.rstd[r];
    const auto normalized = [&](std::int64_t c) {
      return (call.s[r * n + c] - static_cast<double>(call.mean[r])) * rstd;
    };
    double sum = 0, sum_normalized = 0;
    for (std::int64_t c = 0; c < n; ++c) {
      const double g = static_cast<double>(dy[c]) * call.gamma[c];
      sum += g;
      sum_normalized += g * normalized(c);
      dgamma[c] += static_cast<float>(dy[c] * normalized(c));
      dbeta[c] += dy[c];
    }
    const double mean = sum / static_cast<double>(n), mean_normalized = sum_normalized / static_cast<double>(n);
    float* ds = call.ds + r * n;
    for (std::int64_t c = 0; c < n; ++c) {
      const double g = static_cast<double>(dy[c]) * call.gamma[c];
      ds[c] = static_cast<float>(rstd * (g - mean - normalized(c) * mean_normalized));
    }
    if (call.dx == nullptr) continue;
    if (call.mask.threshold > 0) {
      kDropoutReference.multiply(call.mask, r, 1, n, ds, call.dx + r * n);
    } else {
      for (std::int64_t c = 0; c < n; ++c) call.dx[r * n + c] = ds[c];
    }
  }
}

}  // namespace

extern const LayerNormRow kLayerNormReference{.isa = Isa::reference, .forward = forward, .backward = backward};

}  // namespace ingot::engine::kernels
