// Gathers and sums of rows over Vec, for x86_avx2.cc and x86_avx512.cc.
#pragma once

#include "engine/kernels/embedding/table.h"
#include "engine/kernels/simd/loops.h"

namespace ingot::engine::kernels {
namespace {

void gather(std::int64_t n, std::int64_t n_columns, const std::int32_t* ids, const float* table, bool accumulate,
            float* y) {
  for (std::int64_t i = 0; i < n; ++i, y += n_columns) {
    const float* row = table + ids[i] * n_columns;
    if (accumulate) {
      for_lanes(n_columns,
                [&](std::int64_t c, auto lanes) { store(y + c, load(y + c, lanes) + load(row + c, lanes), lanes); });
    } else {
      for_lanes(n_columns, [&](std::int64_t c, auto lanes) { store(y + c, load(row + c, lanes), lanes); });
    }
  }
}

// Four Vecs of running sums stay in registers over a run, however long it is.
void add_rows(std::int64_t n, std::int64_t n_columns, std::int64_t stride, const std::int32_t* order, const float* dy,
              float* sum) {
  constexpr int width = Vec::width;
  std::int64_t c = 0;
  for (; c + 4 * width <= n_columns; c += 4 * width) {
    Vec sums[4] = {load(sum + c), load(sum + c + width), load(sum + c + 2 * width), load(sum + c + 3 * width)};
    for (std::int64_t i = 0; i < n; ++i) {
      const float* row = dy + order[i] * stride + c;
      for (int k = 0; k < 4; ++k) sums[k] = sums[k] + load(row + k * width);
    }
    for (int k = 0; k < 4; ++k) store(sum + c + k * width, sums[k]);
  }
  for_lanes(n_columns - c, [&](std::int64_t rest, auto lanes) {
    Vec total = load(sum + c + rest, lanes);
    for (std::int64_t i = 0; i < n; ++i) total = total + load(dy + order[i] * stride + c + rest, lanes);
    store(sum + c + rest, total, lanes);
  });
}

}  // namespace
}  // namespace ingot::engine::kernels
