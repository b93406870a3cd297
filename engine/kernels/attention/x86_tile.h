// Small products of matrices for attention: packing of the right operand into panels, and the register tile.
// Include after simd/avx2.h or simd/avx512.h and simd/transpose.h.
//
// A panel holds two Vecs of columns (one in the last panel, if that suffices), depth by depth. A tile keeps
// kTileRows x 2 Vecs of the result in registers and reads the left operand one broadcast float at a time.
#pragma once

#include <cstdint>

namespace ingot::engine {
namespace {

constexpr std::int64_t kWidth = Vec::width;
constexpr std::int64_t kPanel = 2 * kWidth;
constexpr int kTileRows = kWidth == 16 ? 8 : 6;  // of the 32 or 16 registers, the tile takes 16 or 12

inline std::int64_t at_most(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
inline std::int64_t round_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }
inline std::int64_t panel_width(std::int64_t columns_left) { return columns_left > kWidth ? kPanel : kWidth; }

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

// One tile; the last of its kVecs Vecs has `tail` columns, the right operand is its panel.
template <bool kTransposed, int kRows, int kVecs>
inline void tile(const Product& product, const float* panel, std::int64_t row, std::int64_t column, int tail) {
  Vec sum[kRows][kVecs];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVecs; ++v) {
      sum[r][v] = zero();
      if (product.start != nullptr) {
        const float* p = product.start + (row + r) * product.start_stride + column + v * kWidth;
        sum[r][v] = v + 1 < kVecs || tail == kWidth ? load(p) : load(p, tail);
        if (product.start_scale != nullptr) sum[r][v] = sum[r][v] * set1(product.start_scale[row + r]);
      }
    }
  const std::int64_t stride = product.left_stride;
  const float* left = product.left + (kTransposed ? row : row * stride);
  for (std::int64_t k = 0; k < product.depth; ++k) {
    Vec right[kVecs];
#pragma GCC unroll 2
    for (int v = 0; v < kVecs; ++v) right[v] = load(panel + v * kWidth);
    panel += kVecs * kWidth;
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Vec a = set1(kTransposed ? left[r] : left[r * stride]);
#pragma GCC unroll 2
      for (int v = 0; v < kVecs; ++v) sum[r][v] = fma(a, right[v], sum[r][v]);
    }
    left += kTransposed ? stride : 1;
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVecs; ++v) {
      if (product.finish_scale != nullptr) sum[r][v] = sum[r][v] * set1(product.finish_scale[row + r]);
      float* p = product.out + (row + r) * product.out_stride + column + v * kWidth;
      if (v + 1 < kVecs || tail == kWidth)
        store(p, sum[r][v]);
      else
        store(p, sum[r][v], tail);
    }
}

// The last rows of a panel, fewer than kTileRows, by a tile of just their number.
template <bool kTransposed, int kVecs, int kRows = kTileRows - 1>
inline void last_rows(const Product& product, const float* panel, std::int64_t row, std::int64_t rows,
                      std::int64_t column, int tail) {
  if constexpr (kRows > 0) {
    if (rows - row == kRows)
      tile<kTransposed, kRows, kVecs>(product, panel, row, column, tail);
    else
      last_rows<kTransposed, kVecs, kRows - 1>(product, panel, row, rows, column, tail);
  }
}

template <bool kTransposed, int kVecs>
inline void column_of_tiles(const Product& product, std::int64_t rows, std::int64_t column, int tail) {
  const float* panel = product.right + column * product.depth;
  std::int64_t row = 0;
  for (; row + kTileRows <= rows; row += kTileRows)
    tile<kTransposed, kTileRows, kVecs>(product, panel, row, column, tail);
  last_rows<kTransposed, kVecs>(product, panel, row, rows, column, tail);
}

template <bool kTransposed = false>
inline void multiply(const Product& product, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t column = 0; column < columns; column += kPanel) {
    const std::int64_t left = columns - column;
    if (left > kWidth)
      column_of_tiles<kTransposed, 2>(product, rows, column, static_cast<int>(at_most(left - kWidth, kWidth)));
    else
      column_of_tiles<kTransposed, 1>(product, rows, column, static_cast<int>(left));
  }
}

}  // namespace
}  // namespace ingot::engine
