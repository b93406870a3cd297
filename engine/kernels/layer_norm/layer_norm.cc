#include "engine/kernels/layer_norm/layer_norm.h"

#include <algorithm>
#include <vector>

#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/layer_norm/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kForwardGrain = 1 << 13;  // floats that one thread takes at a time
constexpr std::int64_t kBackwardGrain = 128;     // rows of a partial sum: part of the definition of dgamma and dbeta

constexpr const LayerNormRow* kRows[] = {
#if defined(__x86_64__)
    &kLayerNormAvx512,
    &kLayerNormAvx2,
#endif
    &kLayerNormReference,
};

}  // namespace

std::span<const LayerNormRow* const> layer_norm_rows() { return kRows; }

void layer_norm_forward(std::int64_t n_rows, std::int64_t n_columns, float* x, const Dropout& dropout,
                        const float* residual, const float* gamma, const float* beta, float eps, float* y, float* mean,
                        float* rstd) {
  const LayerNormRow& row = active_row(layer_norm_rows());
  const LayerNormForward call{n_columns, x, mask_of(dropout), residual, gamma, beta, eps, y, mean, rstd};
  parallel_for(n_rows, std::max<std::int64_t>(1, kForwardGrain / n_columns),
               [&](std::int64_t begin, std::int64_t end) { row.forward(call, begin, end); });
}

void layer_norm_backward(std::int64_t n_rows, std::int64_t n_columns, const float* s, const float* mean,
                         const float* rstd, const float* gamma, const Dropout& dropout, const float* dy, float* ds,
                         float* dx, float* dgamma, float* dbeta) {
  const LayerNormRow& row = active_row(layer_norm_rows());
  const LayerNormBackward call{n_columns, s, mean, rstd, gamma, mask_of(dropout), dy, ds, dx};
  const std::int64_t n_chunks = (n_rows + kBackwardGrain - 1) / kBackwardGrain;
  thread_local std::vector<float> scratch;
  scratch.resize(static_cast<std::size_t>(2 * n_columns * n_chunks));
  float* sums = scratch.data();  // of each chunk: dgamma, dbeta
  parallel_for(n_rows, kBackwardGrain, [&](std::int64_t begin, std::int64_t end) {
    float* chunk = sums + begin / kBackwardGrain * 2 * n_columns;
    row.backward(call, begin, end, chunk, chunk + n_columns);
  });
  for (std::int64_t chunk = 0; chunk < n_chunks; ++chunk, sums += 2 * n_columns) {
    for (std::int64_t c = 0; c < n_columns; ++c) dgamma[c] += sums[c];
    for (std::int64_t c = 0; c < n_columns; ++c) dbeta[c] += sums[n_columns + c];
  }
}

}  // namespace ingot::engine::kernels
