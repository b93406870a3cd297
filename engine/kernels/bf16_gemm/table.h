// What an instruction set brings to products in bfloat16.
//
// Both factors are packed into tiles of 16 x 16 pairs of neighbours along the inner dimension, 1 KiB each: what the
// tile registers of AMX hold, and 16 vectors of 512 bits. A tile of the left factor has a row of it in each row, one of
// the right factor a column of it in each column.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/bf16_gemm/bf16.h"
#include "engine/kernels/bf16_gemm/bf16_gemm.h"

namespace ingot::engine::kernels {

inline constexpr std::int64_t kTileSide = 16;                      // rows and pairs
inline constexpr std::int64_t kTileDepth = 2 * kTileSide;          // of the inner dimension
inline constexpr std::int64_t kTileSize = kTileSide * kTileDepth;  // numbers

// `lines` rows of a left factor, or columns of a right one, of `inner` values each.
struct Bf16Factor {
  std::int64_t lines, inner;
  const float* at;
  std::int64_t ld;
  bool lines_are_rows;  // value p of line i lies at at[i ld + p]; else at at[p ld + i]
};

// c[i,j] = start[i,j] + sum over p of a(i,p) b(p,j).
struct Bf16Block {
  std::int64_t m, n;
  std::int64_t tiles;         // along the inner dimension
  const Bf16 *a, *b;          // packed
  const float* start;         // null: 0; may be c
  std::int64_t start_stride;  // between rows; 0 repeats one row (a bias)
  float* c;
  std::int64_t ldc;
};

struct Bf16GemmRow {
  Isa isa;
  // Tile (i / 16) line_tiles + p / 32 of `to` has the pair p / 2 of line i at row i % 16, column p / 2 % 16
  // (pack_left) or at row p / 2 % 16, column i % 16 (pack_right). Zeros fill the last tiles.
  void (*pack_left)(const Bf16Factor& factor, std::int64_t line_tiles, Bf16* to);
  void (*pack_right)(const Bf16Factor& factor, std::int64_t line_tiles, Bf16* to);
  // Null, as the others: the factors are rounded and go to kernels/gemm.
  void (*multiply)(const Bf16Block& block);
};

// Rows with an order of sums of their own. A product with one is a fused multiply-add, whose subnormal factors, starts
// and results are zeros. For a block of sums s:
//
//   amx         for each tile along the inner dimension: s += (even sums + odd sums of the tile's 16 pairs), each of
//               these from 0 upwards. `tile_model` is the same in portable C++.
//   avx512bf16  for each pair: s += its second product, then s += its first. `pair_model` is the same in C++.
//
// The reference rounds the factors and leaves the rest to the products of float32.
extern const Bf16GemmRow kBf16GemmAmx, kBf16GemmAvx512bf16, kBf16GemmReference, kBf16GemmTileModel, kBf16GemmPairModel;

// Best first. The models come last, behind the reference: no run uses them, but tests.
std::span<const Bf16GemmRow* const> bf16_gemm_rows();

void bf16_linear_forward(const Bf16GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* x,
                         std::int64_t ldx, const float* w, const float* bias, Activation activation,
                         float* pre_activation, float* y, std::int64_t ldy);
void bf16_linear_input_gradient(const Bf16GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* dy,
                                std::int64_t lddy, const float* w, bool accumulate, float* dx, std::int64_t lddx);
void bf16_linear_weight_gradient(const Bf16GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k,
                                 const float* dy, std::int64_t lddy, const float* x, std::int64_t ldx, bool accumulate,
                                 float* dw, float* dbias);

}  // namespace ingot::engine::kernels
