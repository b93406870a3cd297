// Dropout over Vec, for x86_avx2.cc and x86_avx512.cc, and for kernels that fuse it.
#pragma once

#include "engine/kernels/dropout/table.h"
#include "engine/kernels/simd/loops.h"
#include "engine/kernels/simd/philox.h"

namespace ingot::engine::kernels {
namespace {

inline MaskSource source_of(const DropoutMask& mask) {
  return mask_source(mask.seed, mask.stream, mask.threshold, mask.scale);
}

// use(column, lanes, multipliers) for the Vecs of one row, in an order of their own.
template <class Use>
inline void for_multipliers(const MaskSource& source, std::int64_t row, std::int64_t n_columns, const Use& use) {
  for (std::int64_t first = 0; first < n_columns; first += 128) {
    const std::int64_t left = n_columns - first;
    for_mask_columns(source, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(first / 128),
                     [&](int column, Vec multipliers) {
                       if (column + Vec::width <= left) {
                         use(first + column, AllLanes{}, multipliers);
                       } else if (column < left) {
                         use(first + column, static_cast<int>(left - column), multipliers);
                       }
                     });
  }
}

inline void multiply_row(const MaskSource& source, std::int64_t row, std::int64_t n_columns, const float* x, float* y) {
  for_multipliers(source, row, n_columns, [&](std::int64_t column, auto lanes, Vec multipliers) {
    store(y + column, load(x + column, lanes) * multipliers, lanes);
  });
}

inline void multiply(const DropoutMask& mask, std::int64_t first_row, std::int64_t n_rows, std::int64_t n_columns,
                     const float* x, float* y) {
  const MaskSource source = source_of(mask);
  for (std::int64_t r = 0; r < n_rows; ++r) {
    multiply_row(source, first_row + r, n_columns, x + r * n_columns, y + r * n_columns);
  }
}

inline void multipliers(const DropoutMask& mask, std::int64_t row, std::int64_t n_columns, float* y) {
  for_multipliers(source_of(mask), row, n_columns,
                  [&](std::int64_t column, auto lanes, Vec values) { store(y + column, values, lanes); });
}

}  // namespace
}  // namespace ingot::engine::kernels
