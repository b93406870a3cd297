#include <algorithm>

#include "engine/kernels/bf16_gemm/x86_pack.h"
#include "engine/kernels/simd/tiles.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kRowBytes = kTileDepth * sizeof(Bf16);
static_assert(kRowBytes == kTileRowBytes);

// A tile of c: where it starts from and where it goes. The last tiles of a block may lack rows and columns; they
// start in, and go to, a copy.
class Sums {
 public:
  Sums(const Bf16Block& block, std::int64_t i, std::int64_t j, float* copy)
      : rows_(std::min(kTileSide, block.m - i)),
        columns_(std::min(kTileSide, block.n - j)),
        start_(block.start == nullptr ? nullptr : block.start + i * block.start_stride + j),
        start_stride_(block.start_stride),
        c_(block.c + i * block.ldc + j),
        ldc_(block.ldc),
        copy_(rows_ == kTileSide && columns_ == kTileSide ? nullptr : copy) {
    if (copy_ == nullptr) return;
    std::fill_n(copy_, kTileSide * kTileSide, 0.0f);
    if (start_ == nullptr) return;
    for (std::int64_t r = 0; r < rows_; ++r) std::copy_n(start_ + r * start_stride_, columns_, copy_ + r * kTileSide);
    start_ = copy_;
    start_stride_ = kTileSide;
  }

  const float* start() const { return start_; }
  std::int64_t start_bytes() const { return start_stride_ * static_cast<std::int64_t>(sizeof(float)); }
  float* to() const { return copy_ == nullptr ? c_ : copy_; }
  std::int64_t to_bytes() const {
    return (copy_ == nullptr ? ldc_ : kTileSide) * static_cast<std::int64_t>(sizeof(float));
  }

  void finish() const {
    if (copy_ == nullptr) return;
    for (std::int64_t r = 0; r < rows_; ++r) std::copy_n(copy_ + r * kTileSide, columns_, c_ + r * ldc_);
  }

 private:
  std::int64_t rows_, columns_;
  const float* start_;
  std::int64_t start_stride_;
  float* c_;
  std::int64_t ldc_;
  float* copy_;
};

// Tile registers: 0 to 3 are sums, 4 and 5 of a, 6 and 7 of b. kDown x kAcross tiles of c from row i, column j on.
template <int kDown, int kAcross>
void multiply_part(const Bf16Block& block, std::int64_t i, std::int64_t j) {
  alignas(64) float copies[kDown * kAcross][kTileSide * kTileSide];
  const Sums sums00(block, i, j, copies[0]);
  const Sums sums01 = kAcross < 2 ? sums00 : Sums(block, i, j + kTileSide, copies[kAcross - 1]);
  const Sums sums10 = kDown < 2 ? sums00 : Sums(block, i + kTileSide, j, copies[(kDown - 1) * kAcross]);
  const Sums sums11 =
      kDown < 2 || kAcross < 2 ? sums00 : Sums(block, i + kTileSide, j + kTileSide, copies[kDown * kAcross - 1]);
  if (block.start == nullptr) {
    _tile_zero(0);
    if constexpr (kAcross > 1) _tile_zero(1);
    if constexpr (kDown > 1) _tile_zero(2);
    if constexpr (kDown > 1 && kAcross > 1) _tile_zero(3);
  } else {
    _tile_loadd(0, sums00.start(), sums00.start_bytes());
    if constexpr (kAcross > 1) _tile_loadd(1, sums01.start(), sums01.start_bytes());
    if constexpr (kDown > 1) _tile_loadd(2, sums10.start(), sums10.start_bytes());
    if constexpr (kDown > 1 && kAcross > 1) _tile_loadd(3, sums11.start(), sums11.start_bytes());
  }
  const std::int64_t line = block.tiles * kTileSize;  // of tiles
  const Bf16* a = block.a + i / kTileSide * line;
  const Bf16* b = block.b + j / kTileSide * line;
  for (std::int64_t tile = 0; tile < block.tiles; ++tile, a += kTileSize, b += kTileSize) {
    _tile_loadd(4, a, kRowBytes);
    _tile_loadd(6, b, kRowBytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kAcross > 1) {
      _tile_loadd(7, b + line, kRowBytes);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (kDown > 1) {
      _tile_loadd(5, a + line, kRowBytes);
      _tile_dpbf16ps(2, 5, 6);
      if constexpr (kAcross > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, sums00.to(), sums00.to_bytes());
  sums00.finish();
  if constexpr (kAcross > 1) {
    _tile_stored(1, sums01.to(), sums01.to_bytes());
    sums01.finish();
  }
  if constexpr (kDown > 1) {
    _tile_stored(2, sums10.to(), sums10.to_bytes());
    sums10.finish();
  }
  if constexpr (kDown > 1 && kAcross > 1) {
    _tile_stored(3, sums11.to(), sums11.to_bytes());
    sums11.finish();
  }
}

template <int kAcross>
void multiply_columns(const Bf16Block& block, std::int64_t j) {
  std::int64_t i = 0;
  for (; i + kTileSide < block.m; i += 2 * kTileSide) multiply_part<2, kAcross>(block, i, j);
  if (i < block.m) multiply_part<1, kAcross>(block, i, j);
}

void multiply(const Bf16Block& block) {
  const FullTiles tiles;
  std::int64_t j = 0;
  for (; j + kTileSide < block.n; j += 2 * kTileSide) multiply_columns<2>(block, j);
  if (j < block.n) multiply_columns<1>(block, j);
}

}  // namespace

extern const Bf16GemmRow kBf16GemmAmx{
    .isa = Isa::amx, .pack_left = pack<true>, .pack_right = pack<false>, .multiply = multiply};

}  // namespace ingot::engine::kernels
