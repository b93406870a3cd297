// Products of packed tiles.
#pragma once

#include "engine/kernels/bf16_gemm/x86_pack.h"
#include "engine/kernels/simd/tiles.h"

namespace ingot::engine::kernels {
namespace {

static_assert(kTileDepth * sizeof(Bf16) == kTileRowBytes && kTileSide == kTileRows);
constexpr std::int64_t kFloatBytes = sizeof(float);

// kDown x kAcross tiles of c from row i, column j on.
template <int kDown, int kAcross>
void multiply_part(const Bf16Block& block, std::int64_t i, std::int64_t j) {
  if (block.start == nullptr) {
    _tile_zero(0);
    if constexpr (kAcross > 1) _tile_zero(1);
    if constexpr (kDown > 1) _tile_zero(2);
    if constexpr (kDown > 1 && kAcross > 1) _tile_zero(3);
  } else {
    const float* start = block.start + i * block.start_stride + j;
    const float* below = start + kTileSide * block.start_stride;
    const std::int64_t stride = block.start_stride * kFloatBytes;
    _tile_loadd(0, start, stride);
    if constexpr (kAcross > 1) _tile_loadd(1, start + kTileSide, stride);
    if constexpr (kDown > 1) _tile_loadd(2, below, stride);
    if constexpr (kDown > 1 && kAcross > 1) _tile_loadd(3, below + kTileSide, stride);
  }
  const std::int64_t line = block.tiles * kTileSize;
  const Bf16* a = block.a + i / kTileSide * line;
  const Bf16* b = block.b + j / kTileSide * line;
  for (std::int64_t tile = 0; tile < block.tiles; ++tile, a += kTileSize, b += kTileSize) {
    // Loads before products: a processor whose other thread is busy then waits less for them.
    _tile_loadd(4, a, kTileRowBytes);
    _tile_loadd(6, b, kTileRowBytes);
    if constexpr (kDown > 1) _tile_loadd(5, a + line, kTileRowBytes);
    if constexpr (kAcross > 1) _tile_loadd(7, b + line, kTileRowBytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kAcross > 1) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kDown > 1) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kDown > 1 && kAcross > 1) _tile_dpbf16ps(3, 5, 7);
  }
  float* c = block.c + i * block.ldc + j;
  float* below = c + kTileSide * block.ldc;
  const std::int64_t stride = block.ldc * kFloatBytes;
  _tile_stored(0, c, stride);
  if constexpr (kAcross > 1) _tile_stored(1, c + kTileSide, stride);
  if constexpr (kDown > 1) _tile_stored(2, below, stride);
  if constexpr (kDown > 1 && kAcross > 1) _tile_stored(3, below + kTileSide, stride);
}

inline void multiply_block(const Bf16Block& block) {
  Tiles registers;
  for (std::int64_t j = 0; j < block.n; j += 2 * kTileSide) {
    const std::int64_t columns = block.n - j < 2 * kTileSide ? block.n - j : 2 * kTileSide;
    for (std::int64_t i = 0; i < block.m; i += 2 * kTileSide) {
      const std::int64_t rows = block.m - i < 2 * kTileSide ? block.m - i : 2 * kTileSide;
      registers.shape(rows, columns);
      if (rows > kTileSide) {
        columns > kTileSide ? multiply_part<2, 2>(block, i, j) : multiply_part<2, 1>(block, i, j);
      } else {
        columns > kTileSide ? multiply_part<1, 2>(block, i, j) : multiply_part<1, 1>(block, i, j);
      }
    }
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
