// Bytes by tiles; all else as AVX-512 VNNI does it.
#include "engine/kernels/fixed_gemm/x86_vnni512.h"
#include "engine/kernels/simd/tiles.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kGroups = kTileRows;       // of a tile: 64 bytes of the inner dimension
constexpr std::int64_t kSide = 2 * kTileRows;     // of the sums in registers
constexpr std::int64_t kPanelBytes = 4 * kPanel;  // of a group
constexpr std::int64_t kSumBytes = sizeof(std::int32_t);

// The last groups of a block, fewer than a tile has, filled up with zeros.
struct LastGroups {
  alignas(64) std::uint8_t a[kSide * kTileRowBytes];
  alignas(64) std::int8_t b[kGroups * kTileRowBytes * 2];

  LastGroups(const std::uint8_t* a_from, std::int64_t lda, std::int64_t rows, const std::int8_t* b_from,
             std::int64_t n_groups) {
    __builtin_memset(a, 0, sizeof a);
    __builtin_memset(b, 0, sizeof b);
    for (std::int64_t i = 0; i < rows; ++i)
      __builtin_memcpy(a + i * kTileRowBytes, a_from + i * lda, static_cast<std::size_t>(4 * n_groups));
    for (std::int64_t g = 0; g < n_groups; ++g)
      __builtin_memcpy(b + g * 2 * kTileRowBytes, b_from + g * kPanelBytes, 2 * kTileRowBytes);
  }
};

// Adds the products of one tile along the inner dimension. kDown: tiles of rows.
template <int kDown>
inline void add_tile(const std::uint8_t* a, std::int64_t lda, const std::int8_t* b, std::int64_t ldb) {
  // Loads before products: a processor whose other thread is busy then waits less for them.
  _tile_loadd(4, a, lda);
  _tile_loadd(6, b, ldb);
  if constexpr (kDown > 1) _tile_loadd(5, a + kTileRows * lda, lda);
  _tile_loadd(7, b + kTileRowBytes, ldb);
  _tile_dpbusd(0, 4, 6);
  _tile_dpbusd(1, 4, 7);
  if constexpr (kDown > 1) {
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
}

// Rows from i on, `rows` of them, 32 columns from j on.
template <int kDown>
void multiply_part(const ByteBlock& block, std::int64_t i, std::int64_t rows, std::int64_t j) {
  if (block.start == nullptr) {
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (kDown > 1) {
      _tile_zero(2);
      _tile_zero(3);
    }
  } else {  // the same in every row
    _tile_loadd(0, block.start + j, 0);
    _tile_loadd(1, block.start + j + kTileRows, 0);
    if constexpr (kDown > 1) {
      _tile_loadd(2, block.start + j, 0);
      _tile_loadd(3, block.start + j + kTileRows, 0);
    }
  }
  const std::uint8_t* a = block.a + i * block.lda;
  const std::int8_t* b = block.b + 4 * j;
  std::int64_t group = 0;
  for (; group + kGroups <= block.groups; group += kGroups, a += kTileRowBytes, b += kGroups * kPanelBytes)
    add_tile<kDown>(a, block.lda, b, kPanelBytes);
  if (group < block.groups) {
    const LastGroups last(a, block.lda, rows, b, block.groups - group);
    add_tile<kDown>(last.a, kTileRowBytes, last.b, 2 * kTileRowBytes);
  }
  std::int32_t* c = block.c + i * block.ldc + j;
  const std::int64_t stride = block.ldc * kSumBytes;
  _tile_stored(0, c, stride);
  _tile_stored(1, c + kTileRows, stride);
  if constexpr (kDown > 1) {
    _tile_stored(2, c + kTileRows * block.ldc, stride);
    _tile_stored(3, c + kTileRows * block.ldc + kTileRows, stride);
  }
}

void multiply_tiles(const ByteBlock& block) {
  Tiles registers;
  for (std::int64_t i = 0; i < block.m; i += kSide) {
    const std::int64_t rows = block.m - i < kSide ? block.m - i : kSide;
    registers.shape(rows, kSide);
    for (std::int64_t j = 0; j < kPanel; j += kSide)
      rows > kTileRows ? multiply_part<2>(block, i, rows, j) : multiply_part<1>(block, i, rows, j);
  }
}

}  // namespace

extern const FixedGemmRow kFixedGemmAmx{.isa = Isa::amx,
                                        .panel = kPanel,
                                        .rows = 96,
                                        .wide_bytes = kWideBytes,
                                        .multiply_bytes = multiply_tiles,
                                        .multiply_words = multiply_words_block,
                                        .requantize = requantize_block,
                                        .dequantize = dequantize_block,
                                        .pack_bytes = pack_bytes,
                                        .widen_bytes = widen_bytes,
                                        .unpack_nibbles = unpack_nibbles};

}  // namespace ingot::engine::kernels
