// Small products of matrices for attention: what is multiplied, and by which factors rows are scaled. The right operand
// is packed into panels: of floats (x86_tile.h), or of tiles in bfloat16 (x86_bf16_tile.h).
#pragma once

#include <cstdint>

#include "engine/kernels/simd/loops.h"
#include "engine/kernels/simd/transpose.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kWidth = Vec::width;

inline std::int64_t at_most(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
inline std::int64_t round_up_to(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }

// Rows of floats `stride` apart to pack, times scale; a row that `visible` (null: all) hides counts as zeros.
struct Rows {
  const float* data;
  std::int64_t stride;
  std::int64_t count;
  std::int64_t columns;
  const std::uint8_t* visible;
  float scale;
};

inline Vec packed_row(const Rows& rows, std::int64_t row, std::int64_t column, std::int64_t lanes) {
  if (row >= rows.count || (rows.visible != nullptr && rows.visible[row] == 0)) return zero();
  const float* p = rows.data + row * rows.stride + column;
  return set1(rows.scale) * (lanes >= kWidth ? load(p) : load(p, static_cast<int>(lanes)));
}

// out = finish_scale (start_scale start + left right), row by row; null scales are 1, a null start is 0.
struct Product {
  std::int64_t depth;
  const float* left;  // [rows, depth] or, transposed, [depth, rows]
  std::int64_t left_stride;
  const float* right;  // panels
  const float* start;
  std::int64_t start_stride;
  const float* start_scale;
  float* out;
  std::int64_t out_stride;
  const float* finish_scale;
};

}  // namespace
}  // namespace ingot::engine::kernels
