// The tile registers of AMX.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace ingot::engine {
namespace {

constexpr int kTileRowBytes = 64;

// While it lives, the tile registers of this thread are 16 rows of 64 bytes each. A thread that is not using them has
// none, which is what the system saves of it.
class FullTiles {
 public:
  FullTiles() {
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {};
      std::uint8_t rows[16] = {};
    } config;
    for (int i = 0; i < 8; ++i) {
      config.row_bytes[i] = kTileRowBytes;
      config.rows[i] = 16;
    }
    _tile_loadconfig(&config);
  }
  ~FullTiles() { _tile_release(); }
  FullTiles(const FullTiles&) = delete;
  FullTiles& operator=(const FullTiles&) = delete;
};

}  // namespace
}  // namespace ingot::engine
