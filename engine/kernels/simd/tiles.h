// The tile registers of AMX, as a product of two by two tiles uses them: 0 to 3 are sums, two above two; 4 and 5 the
// left factor's tiles, 6 and 7 the right factor's.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace ingot::engine {
namespace {

constexpr int kTileRows = 16, kTileRowBytes = 64;

// While it lives, this thread has tile registers. They are part of what the system saves of a thread.
class Tiles {
 public:
  Tiles() = default;
  ~Tiles() {
    if (is_loaded_) _tile_release();
  }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  // The sums are of so many rows and columns of 32 bits, at most 32; what lies beyond is neither read nor written. All
  // of the inner dimension's 64 bytes a tile are there. Clears the registers if the shape is another than before.
  void shape(std::int64_t rows, std::int64_t columns) {
    if (rows == rows_ && columns == columns_) return;
    rows_ = rows;
    columns_ = columns;
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {};
      std::uint8_t rows[16] = {};
    } config;
    const auto part = [](std::int64_t count, int which) {
      const std::int64_t left = count - which * kTileRows;
      return left >= kTileRows ? kTileRows : left > 0 ? static_cast<int>(left) : 1;  // 0 is not allowed
    };
    const auto set = [&](int tile, int n_rows, int n_bytes) {
      config.rows[tile] = static_cast<std::uint8_t>(n_rows);
      config.row_bytes[tile] = static_cast<std::uint16_t>(n_bytes);
    };
    for (int down = 0; down < 2; ++down) {
      for (int across = 0; across < 2; ++across) set(2 * down + across, part(rows, down), 4 * part(columns, across));
      set(4 + down, part(rows, down), kTileRowBytes);
      set(6 + down, kTileRows, 4 * part(columns, down));
    }
    // GCC 12 takes _tile_loadconfig to read 8 bytes of the 64, and would leave out stores to the rest.
    asm volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
    is_loaded_ = true;
  }

 private:
  std::int64_t rows_ = 0, columns_ = 0;
  bool is_loaded_ = false;
};

}  // namespace
}  // namespace ingot::engine
