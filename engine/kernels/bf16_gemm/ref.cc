// The reference, which rounds factors for the products of float32, and the models of instructions, which are the
// oracles of the rows that use them.
#include <array>
#include <cmath>

#include "engine/base/divide.h"
#include "engine/kernels/bf16_gemm/table.h"

namespace ingot::engine::kernels {
namespace {

template <bool kLeft>
void pack(const Bf16Factor& f, std::int64_t line_tiles, Bf16* to) {
  for (std::int64_t i = 0; i < round_up(f.lines, kTileSide); ++i) {
    for (std::int64_t p = 0; p < round_up(f.inner, kTileDepth); ++p) {
      const bool is_there = i < f.lines && p < f.inner;
      const float value = !is_there ? 0.0f : f.lines_are_rows ? f.at[i * f.ld + p] : f.at[p * f.ld + i];
      const std::int64_t tile = i / kTileSide * line_tiles + p / kTileDepth;
      const std::int64_t line = i % kTileSide, pair = p / 2 % kTileSide;
      const std::int64_t at = kLeft ? line * kTileSide + pair : pair * kTileSide + line;
      to[tile * kTileSize + 2 * at + p % 2] = to_bf16(value);
    }
  }
}

float without_subnormals(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }

// c + a b
float multiply_add(Bf16 a, Bf16 b, float c) {
  return without_subnormals(
      std::fma(without_subnormals(to_float(a)), without_subnormals(to_float(b)), without_subnormals(c)));
}
float add(float a, float b) { return without_subnormals(without_subnormals(a) + without_subnormals(b)); }

// The pairs of row i and column j of a tile, one after the other: body(a, b), both of two numbers.
template <class Body>
void for_each_pair(const Bf16* a, const Bf16* b, std::int64_t i, std::int64_t j, const Body& body) {
  for (std::int64_t pair = 0; pair < kTileSide; ++pair)
    body(a + 2 * (i * kTileSide + pair), b + 2 * (pair * kTileSide + j));
}

float add_tile(const Bf16* a, const Bf16* b, std::int64_t i, std::int64_t j, float sum) {
  float even = 0, odd = 0;
  for_each_pair(a, b, i, j, [&](const Bf16* x, const Bf16* y) {
    even = multiply_add(x[0], y[0], even);
    odd = multiply_add(x[1], y[1], odd);
  });
  return add(sum, add(even, odd));
}

float add_pairs(const Bf16* a, const Bf16* b, std::int64_t i, std::int64_t j, float sum) {
  for_each_pair(a, b, i, j,
                [&](const Bf16* x, const Bf16* y) { sum = multiply_add(x[0], y[0], multiply_add(x[1], y[1], sum)); });
  return sum;
}

// kAdd(a tile, b tile, i, j, sum) adds the products of row i and column j.
template <float (*kAdd)(const Bf16*, const Bf16*, std::int64_t, std::int64_t, float)>
void multiply(const Bf16Block& block) {
  for (std::int64_t i = 0; i < block.m; ++i) {
    for (std::int64_t j = 0; j < block.n; ++j) {
      float sum = block.start == nullptr ? 0.0f : block.start[i * block.start_stride + j];
      const Bf16* a = block.a + i / kTileSide * block.tiles * kTileSize;
      const Bf16* b = block.b + j / kTileSide * block.tiles * kTileSize;
      for (std::int64_t tile = 0; tile < block.tiles; ++tile)
        sum = kAdd(a + tile * kTileSize, b + tile * kTileSize, i % kTileSide, j % kTileSide, sum);
      block.c[i * block.ldc + j] = sum;
    }
  }
}

}  // namespace

extern const Bf16GemmRow kBf16GemmReference{
    .isa = Isa::reference, .pack_left = nullptr, .pack_right = nullptr, .multiply = nullptr};
extern const Bf16GemmRow kBf16GemmTileModel{
    .isa = Isa::reference, .pack_left = pack<true>, .pack_right = pack<false>, .multiply = multiply<add_tile>};
extern const Bf16GemmRow kBf16GemmPairModel{
    .isa = Isa::reference, .pack_left = pack<true>, .pack_right = pack<false>, .multiply = multiply<add_pairs>};

}  // namespace ingot::engine::kernels
