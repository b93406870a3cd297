// The matrix products over Vec, written once for every width. The including file has named, in namespace
// ingot::engine, kTileRows (rows of c held in registers), transpose() and sums_of() for its Vec.
#pragma once

namespace ingot::engine::kernels {
namespace {

constexpr int kWidth = Vec::width;
constexpr int kPanel = 2 * kWidth;
constexpr int kGroup = 4;  // row panels of a packed together: a panel of b is used that often per visit
// Rows of a packed row panel lie this far apart, an odd number of cache lines: no two rows compete for one cache set.
constexpr int kRowStride = static_cast<int>(kGemmDepth) + 16;

inline std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

// `count` lanes, any number: a full vector if count >= kWidth, nothing if count <= 0.
inline Vec load_some(const float* p, std::int64_t count) {
  if (count >= kWidth) return load(p);
  return count > 0 ? load(p, static_cast<int>(count)) : zero();
}
inline void store_some(float* p, Vec a, std::int64_t count) {
  if (count >= kWidth) {
    store(p, a);
  } else if (count > 0) {
    store(p, a, static_cast<int>(count));
  }
}

void pack(std::int64_t inner, std::int64_t n, const float* from, std::int64_t ld, float* to) {
  for (std::int64_t p = 0; p < inner; ++p, from += ld, to += kPanel) {
    store(to, load_some(from, n));
    store(to + kWidth, load_some(from + kWidth, n - kWidth));
  }
}

void pack_transposed(std::int64_t inner, std::int64_t n, const float* from, std::int64_t ld, float* to) {
  for (std::int64_t j = 0; j < kPanel; j += kWidth) {
    for (std::int64_t p = 0; p < inner; p += kWidth) {
      Vec v[kWidth];
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; ++i) v[i] = j + i < n ? load_some(from + (j + i) * ld + p, inner - p) : zero();
      transpose(v);
      const std::int64_t count = smaller(kWidth, inner - p);
      for (std::int64_t i = 0; i < count; ++i) store(to + (p + i) * kPanel + j, v[i]);
    }
  }
}

struct Tile {
  std::int64_t inner, columns;
  const float *a, *b;
  std::int64_t b_step;
  const float* start;
  std::int64_t start_stride;
  float* c;
  std::int64_t ldc;
};

// kRows x kPanel values of c in registers; a(i,p) = a[i kARow + p kAStep].
template <int kRows, int kARow, int kAStep>
[[gnu::noinline]] void tile(const Tile& t) {
  const int second = static_cast<int>(t.columns) - kWidth;  // columns of the second vector; all if kWidth
  Vec sum[kRows][2];
  if (t.start == nullptr) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) sum[i][0] = sum[i][1] = zero();
  } else if (second == kWidth) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      sum[i][0] = load(t.start + i * t.start_stride);
      sum[i][1] = load(t.start + i * t.start_stride + kWidth);
    }
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      sum[i][0] = load_some(t.start + i * t.start_stride, t.columns);
      sum[i][1] = load_some(t.start + i * t.start_stride + kWidth, second);
    }
  }
  const float *a = t.a, *b = t.b;
  for (std::int64_t p = t.inner; p > 0; --p, a += kAStep, b += t.b_step) {
    const Vec b0 = load(b), b1 = load(b + kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vec ai = set1(a[i * kARow]);
      sum[i][0] = fma(ai, b0, sum[i][0]);
      sum[i][1] = fma(ai, b1, sum[i][1]);
    }
  }
  if (second == kWidth) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      store(t.c + i * t.ldc, sum[i][0]);
      store(t.c + i * t.ldc + kWidth, sum[i][1]);
    }
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      store_some(t.c + i * t.ldc, sum[i][0], t.columns);
      store_some(t.c + i * t.ldc + kWidth, sum[i][1], second);
    }
  }
}

template <int kRows, int kARow, int kAStep>
inline void tile_of(std::int64_t rows, const Tile& t) {
  if (rows == kRows) {
    tile<kRows, kARow, kAStep>(t);
  } else if constexpr (kRows > 1) {
    tile_of<kRows - 1, kARow, kAStep>(rows, t);
  }
}

// Rows [first(i), first(i + 1)) of m make up panel i: panels of nearly equal height, none above kTileRows.
struct RowPanels {
  std::int64_t m, count = (m + kTileRows - 1) / kTileRows;
  std::int64_t first(std::int64_t i) const { return i * m / count; }
};

// The panels [from, to) of rows, packed at `a` one panel_size after the other, times all columns of the block.
template <int kARow, int kAStep>
inline void multiply_group(const GemmBlock& block, const RowPanels& rows, std::int64_t from, std::int64_t to,
                           const float* a, std::int64_t panel_size) {
  for (std::int64_t j = 0; j < block.n; j += kPanel) {
    for (std::int64_t i = from; i < to; ++i) {
      const std::int64_t row = rows.first(i);
      tile_of<kTileRows, kARow, kAStep>(rows.first(i + 1) - row,
                                        {block.inner, smaller(kPanel, block.n - j), a + (i - from) * panel_size,
                                         block.b + j / kPanel * block.panel_stride, block.b_step,
                                         block.start == nullptr ? nullptr : block.start + row * block.start_stride + j,
                                         block.start_stride, block.c + row * block.ldc + j, block.ldc});
    }
  }
}

void multiply(const GemmBlock& block) {
  constexpr std::int64_t kSize = kTileRows * kRowStride;
  alignas(64) float packed[kGroup * kSize];
  const RowPanels rows{block.m};
  for (std::int64_t i = 0; i < rows.count; i += kGroup) {
    const std::int64_t end = smaller(i + kGroup, rows.count);
    for (std::int64_t panel = i; panel < end; ++panel) {
      float* to = packed + (panel - i) * kSize;
      for (std::int64_t row = rows.first(panel); row < rows.first(panel + 1); ++row, to += kRowStride)
        for (std::int64_t p = 0; p < block.inner; p += kWidth)
          store(to + p, load_some(block.a + row * block.lda + p, block.inner - p));
    }
    multiply_group<kRowStride, 1>(block, rows, i, end, packed, kSize);
  }
}

void multiply_transposed(const GemmBlock& block, float* sums) {
  static_assert(kTileRows <= kWidth);
  constexpr std::int64_t kSize = kGemmDepth * kWidth;
  alignas(64) float packed[kGroup * kSize];
  const RowPanels rows{block.m};
  for (std::int64_t i = 0; i < rows.count; i += kGroup) {
    const std::int64_t end = smaller(i + kGroup, rows.count);
    for (std::int64_t panel = i; panel < end; ++panel) {
      const std::int64_t row = rows.first(panel);
      const int height = static_cast<int>(rows.first(panel + 1) - row);
      float* to = packed + (panel - i) * kSize;
      Vec sum = zero();
      for (std::int64_t p = 0; p < block.inner; ++p, to += kWidth) {
        const Vec v = load(block.a + p * block.lda + row, height);
        store(to, v);
        sum = sum + v;
      }
      if (sums != nullptr) store(sums + row, load(sums + row, height) + sum, height);
    }
    multiply_group<1, kWidth>(block, rows, i, end, packed, kSize);
  }
}

// kRows rows of x against kWidth / kRows rows of w: kWidth sums along k, each spread over a vector until the end.
template <int kRows>
inline void dot_tile(std::int64_t columns, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
                     const float* bias, float* y, std::int64_t ldy) {
  constexpr int kColumns = kWidth / kRows;
  const float* w_row[kColumns];
  for (int j = 0; j < kColumns; ++j) w_row[j] = w + smaller(j, columns - 1) * k;
  Vec sum[kWidth];
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) sum[i] = zero();
  const auto step = [&](std::int64_t p, auto load_at) {
    Vec xs[kRows];
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) xs[i] = load_at(x + i * ldx + p);
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) {
      const Vec ws = load_at(w_row[j] + p);
#pragma GCC unroll 4
      for (int i = 0; i < kRows; ++i) sum[i * kColumns + j] = fma(xs[i], ws, sum[i * kColumns + j]);
    }
  };
  std::int64_t p = 0;
  for (; p + kWidth <= k; p += kWidth) step(p, [](const float* at) { return load(at); });
  if (p < k) step(p, [n = static_cast<int>(k - p)](const float* at) { return load(at, n); });

  alignas(64) float totals[kWidth];
  store(totals, sums_of(sum));
  for (int i = 0; i < kRows; ++i) {
    const float* total = totals + i * kColumns;
    for (std::int64_t j = 0; j < columns; ++j) y[i * ldy + j] = bias == nullptr ? total[j] : total[j] + bias[j];
  }
}

template <int kRows>
inline void dot_rows(std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
                     const float* bias, float* y, std::int64_t ldy) {
  constexpr int kColumns = kWidth / kRows;
  for (std::int64_t j = 0; j < n; j += kColumns)
    dot_tile<kRows>(smaller(kColumns, n - j), k, x, ldx, w + j * k, bias == nullptr ? nullptr : bias + j, y + j, ldy);
}

void dots(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
          const float* bias, float* y, std::int64_t ldy) {
  constexpr int kRows = kWidth / 4;
  std::int64_t i = 0;
  for (; i + kRows <= m; i += kRows) dot_rows<kRows>(n, k, x + i * ldx, ldx, w, bias, y + i * ldy, ldy);
  for (; i < m; ++i) dot_rows<1>(n, k, x + i * ldx, ldx, w, bias, y + i * ldy, ldy);
}

void add(std::int64_t n, const float* from, float* to) {
  for (std::int64_t i = 0; i < n; i += kWidth)
    store_some(to + i, load_some(to + i, n - i) + load_some(from + i, n - i), n - i);
}

}  // namespace
}  // namespace ingot::engine::kernels
