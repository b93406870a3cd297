// Panels of floats, and the register tile.
//
// A panel holds kPanelVecs Vecs of columns (the last one as many as it needs), depth by depth. A tile keeps its part of
// the result in registers and reads the left operand one broadcast float at a time: 6 rows by 4 Vecs of 16, or by 2 of
// 8, take 24 or 12 of the 32 or 16 registers, and need a load for 2.4 or 1.5 multiply-adds.
#pragma once

#include "engine/kernels/attention/x86_product.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kPanelVecs = kWidth == 16 ? 4 : 2;
constexpr std::int64_t kPanel = kPanelVecs * kWidth;
constexpr int kTileRows = 6;

inline std::int64_t panel_width(std::int64_t columns_left) {
  return at_most(kPanel, round_up_to(columns_left, kWidth));
}

// Floats of the panels of a right operand.
constexpr std::int64_t panels_size(std::int64_t depth, std::int64_t columns) {
  return depth * ((columns + kWidth - 1) / kWidth * kWidth);
}

// Panels of the rows as they are: depth = rows.count, columns filled up to a Vec with zeros.
inline void pack(const Rows& rows, float* panels) {
  for (std::int64_t column = 0; column < rows.columns; column += kPanel) {
    const std::int64_t width = panel_width(rows.columns - column);
    float* panel = panels + column * rows.count;
    for (std::int64_t row = 0; row < rows.count; ++row)
      for (std::int64_t lane = 0; lane < width; lane += kWidth)
        store(panel + row * width + lane, packed_row(rows, row, column + lane, rows.columns - column - lane));
  }
}

// Panels of the transpose: the rows become columns, filled up to a Vec with zeros; depth = rows.columns.
inline void pack_transposed(const Rows& rows, float* panels) {
  for (std::int64_t first = 0; first < rows.count; first += kWidth) {
    const std::int64_t start = first / kPanel * kPanel;
    const std::int64_t width = panel_width(rows.count - start);
    float* panel = panels + start * rows.columns + (first - start);
    for (std::int64_t column = 0; column < rows.columns; column += kWidth) {
      const std::int64_t lanes = at_most(kWidth, rows.columns - column);
      Vec square[kWidth];
#pragma GCC unroll 16
      for (std::int64_t i = 0; i < kWidth; ++i) square[i] = packed_row(rows, first + i, column, lanes);
      transpose(square);
      for (std::int64_t i = 0; i < lanes; ++i) store(panel + (column + i) * width, square[i]);
    }
  }
}

// Loads and stores of a tile, of whose last Vecs only `lanes` (AllLanes or their number) are in use.
template <int kRows, int kVecs, class Lanes>
inline void load_tile(const float* p, std::int64_t stride, Lanes lanes, Vec (&sum)[kRows][kVecs]) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v + 1 < kVecs; ++v) sum[r][v] = load(p + v * kWidth);
    sum[r][kVecs - 1] = load(p + (kVecs - 1) * kWidth, lanes);
    p += stride;
  }
}

template <int kRows, int kVecs, class Lanes>
inline void store_tile(float* p, std::int64_t stride, Lanes lanes, const Vec (&sum)[kRows][kVecs]) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v + 1 < kVecs; ++v) store(p + v * kWidth, sum[r][v]);
    store(p + (kVecs - 1) * kWidth, sum[r][kVecs - 1], lanes);
    p += stride;
  }
}

template <int kRows, int kVecs>
inline void scale_tile(const float* scale, Vec (&sum)[kRows][kVecs]) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) sum[r][v] = sum[r][v] * set1(scale[r]);
}

// sum += left panel.
template <bool kTransposed, int kRows, int kVecs>
inline void multiply_tile(std::int64_t depth, const float* left, std::int64_t stride, const float* panel,
                          Vec (&sum)[kRows][kVecs]) {
  for (std::int64_t k = 0; k < depth; ++k) {
    Vec right[kVecs];
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) right[v] = load(panel + v * kWidth);
    panel += kVecs * kWidth;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Vec a = set1(kTransposed ? left[r] : left[r * stride]);
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v) sum[r][v] = fma(a, right[v], sum[r][v]);
    }
    left += kTransposed ? stride : 1;
  }
}

// One tile; the last of its kVecs Vecs has `tail` columns, the right operand is its panel.
template <bool kTransposed, int kRows, int kVecs>
inline void tile(const Product& product, const float* panel, std::int64_t row, std::int64_t column, int tail) {
  Vec sum[kRows][kVecs];
  if (product.start == nullptr) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v) sum[r][v] = zero();
  } else {
    const float* start = product.start + row * product.start_stride + column;
    if (tail == kWidth)
      load_tile(start, product.start_stride, AllLanes{}, sum);
    else
      load_tile(start, product.start_stride, tail, sum);
    if (product.start_scale != nullptr) scale_tile(product.start_scale + row, sum);
  }
  const float* left = product.left + (kTransposed ? row : row * product.left_stride);
  multiply_tile<kTransposed>(product.depth, left, product.left_stride, panel, sum);
  if (product.finish_scale != nullptr) scale_tile(product.finish_scale + row, sum);
  float* out = product.out + row * product.out_stride + column;
  if (tail == kWidth)
    store_tile(out, product.out_stride, AllLanes{}, sum);
  else
    store_tile(out, product.out_stride, tail, sum);
}

// As many tiles of kRows rows as fit from `row` on; the row after them.
template <bool kTransposed, int kRows, int kVecs>
inline std::int64_t tiles(const Product& product, const float* panel, std::int64_t row, std::int64_t rows,
                          std::int64_t column, int tail) {
  for (; row + kRows <= rows; row += kRows) tile<kTransposed, kRows, kVecs>(product, panel, row, column, tail);
  return row;
}

// The columns of one panel of kVecs Vecs, or of as many fewer as `columns` has left.
template <bool kTransposed, int kVecs>
inline void multiply_panel(const Product& product, std::int64_t rows, std::int64_t column, std::int64_t columns) {
  if constexpr (kVecs > 1) {
    if (columns - column <= (kVecs - 1) * kWidth)
      return multiply_panel<kTransposed, kVecs - 1>(product, rows, column, columns);
  }
  const int tail = static_cast<int>(at_most(kWidth, columns - column - (kVecs - 1) * kWidth));
  const float* panel = product.right + column * product.depth;
  std::int64_t row = 0;
  // Where a tile is narrow, more rows keep the multiply-add units busy.
  if constexpr (2 * kVecs <= kPanelVecs)
    row = tiles<kTransposed, 2 * kTileRows, kVecs>(product, panel, row, rows, column, tail);
  row = tiles<kTransposed, kTileRows, kVecs>(product, panel, row, rows, column, tail);
  row = tiles<kTransposed, 2, kVecs>(product, panel, row, rows, column, tail);
  tiles<kTransposed, 1, kVecs>(product, panel, row, rows, column, tail);
}

template <bool kTransposed = false>
inline void multiply(const Product& product, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t column = 0; column < columns; column += kPanel)
    multiply_panel<kTransposed, kPanelVecs>(product, rows, column, columns);
}

}  // namespace
}  // namespace ingot::engine::kernels
