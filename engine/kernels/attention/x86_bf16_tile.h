// Panels in bfloat16: the right operand in tiles of pairs (kernels/bf16_gemm/table.h). The left one is packed as it is
// multiplied. The including file has brought multiply_block.
#pragma once

#include "engine/base/scratch.h"
#include "engine/kernels/attention/x86_product.h"
#include "engine/kernels/bf16_gemm/x86_pack.h"

namespace ingot::engine::kernels {
namespace {

// Floats of the panels of a right operand.
constexpr std::int64_t panels_size(std::int64_t depth, std::int64_t columns) {
  return (depth + kTileDepth - 1) / kTileDepth * ((columns + kSide - 1) / kSide) * (kTileSize / 2);
}

inline std::int64_t tiles_of(std::int64_t depth) { return (depth + kTileDepth - 1) / kTileDepth; }

// The values of rows to pack, for pack_tiles.
inline auto values_of(const Rows& rows) {
  return [&rows](std::int64_t row, std::int64_t column) {
    const std::int64_t lanes = rows.columns - column;
    return lanes <= 0 ? _mm512_setzero_ps() : packed_row(rows, row, column, lanes).v;
  };
}

// Panels of the rows as they are: depth = rows.count.
inline void pack(const Rows& rows, float* panels) {
  pack_tiles<false, false>(rows.columns, rows.count, tiles_of(rows.count), values_of(rows),
                           reinterpret_cast<Bf16*>(panels));
}

// Panels of the transpose: the rows become columns; depth = rows.columns.
inline void pack_transposed(const Rows& rows, float* panels) {
  pack_tiles<false, true>(rows.count, rows.columns, tiles_of(rows.columns), values_of(rows),
                          reinterpret_cast<Bf16*>(panels));
}

// to = scale from, row by row.
inline void scale_rows(std::int64_t rows, std::int64_t columns, const float* scale, const float* from,
                       std::int64_t from_stride, float* to, std::int64_t to_stride) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const Vec factor = set1(scale[r]);
    for_lanes(columns, [&](std::int64_t c, auto lanes) {
      store(to + r * to_stride + c, factor * load(from + r * from_stride + c, lanes), lanes);
    });
  }
}

template <bool kTransposed = false>
inline void multiply(const Product& product, std::int64_t rows, std::int64_t columns) {
  const std::int64_t tiles = tiles_of(product.depth);
  auto* left =
      reinterpret_cast<Bf16*>(scratch(Scratch::bf16_rows, round_up_to(rows, kSide) * tiles * (kTileDepth / 2)));
  pack_factor<true>({rows, product.depth, product.left, product.left_stride, !kTransposed}, tiles, left);
  const float* start = product.start;
  std::int64_t start_stride = product.start_stride;
  if (start != nullptr && product.start_scale != nullptr) {
    scale_rows(rows, columns, product.start_scale, start, start_stride, product.out, product.out_stride);
    start = product.out;
    start_stride = product.out_stride;
  }
  multiply_block({.m = rows,
                  .n = columns,
                  .tiles = tiles,
                  .a = left,
                  .b = reinterpret_cast<const Bf16*>(product.right),
                  .start = start,
                  .start_stride = start_stride,
                  .c = product.out,
                  .ldc = product.out_stride});
  if (product.finish_scale != nullptr)
    scale_rows(rows, columns, product.finish_scale, product.out, product.out_stride, product.out, product.out_stride);
}

}  // namespace
}  // namespace ingot::engine::kernels
