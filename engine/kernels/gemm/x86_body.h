// The matrix products over Vec, written once for every width. The including file has brought, in namespace
// ingot::engine, Vec, transpose(), kTileRows (rows of c held in registers) and sums_of().
#pragma once

namespace ingot::engine::kernels {
namespace {

constexpr int kWidth = Vec::width;
constexpr int kPanel = 2 * kWidth;
constexpr int kStride = 8;  // steps along the inner dimension between two visits of the fetcher
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

// A row of at most kGemmDepth values; zeros fill the last vector.
inline void copy(std::int64_t n, const float* from, float* to) {
  std::int64_t i = 0;
  for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
    const Vec a = load(from + i), b = load(from + i + kWidth);
    const Vec c = load(from + i + 2 * kWidth), d = load(from + i + 3 * kWidth);
    store(to + i, a);
    store(to + i + kWidth, b);
    store(to + i + 2 * kWidth, c);
    store(to + i + 3 * kWidth, d);
  }
  for (; i < n; i += kWidth) store(to + i, load_some(from + i, n - i));
}

void pack(std::int64_t inner, std::int64_t n, const float* from, std::int64_t ld, float* to) {
  for (std::int64_t p = 0; p < inner; ++p, from += ld, to += kPanel) {
    float* panel = to;
    for (std::int64_t j = 0; j < n; j += kPanel, panel += inner * kPanel) {
      store(panel, load_some(from + j, n - j));
      store(panel + kWidth, load_some(from + j + kWidth, n - j - kWidth));
    }
  }
}

void pack_transposed(std::int64_t inner, std::int64_t n, const float* from, std::int64_t ld, float* to) {
  for (std::int64_t j = 0; j < n; j += kWidth) {
    float* panel = to + j / kPanel * kPanel * inner + j % kPanel;
    for (std::int64_t p = 0; p < inner; p += kWidth) {
      Vec v[kWidth];
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; ++i) v[i] = j + i < n ? load_some(from + (j + i) * ld + p, inner - p) : zero();
      transpose(v);
      const std::int64_t count = smaller(kWidth, inner - p);
      for (std::int64_t i = 0; i < count; ++i) store(panel + (p + i) * kPanel, v[i]);
    }
  }
  const std::int64_t end = (n + kWidth - 1) / kWidth * kWidth;
  if (end % kPanel != 0)  // the second half of the last panel
    for (std::int64_t p = 0; p < inner; ++p) store(to + (end - kWidth) * inner + p * kPanel + kWidth, zero());
}

// Rows [first(i), first(i + 1)) of m make up panel i: panels of nearly equal height, none above kTileRows.
struct RowPanels {
  std::int64_t m, count = (m + kTileRows - 1) / kTileRows;
  std::int64_t first(std::int64_t i) const { return i * m / count; }
  int height(std::int64_t i) const { return static_cast<int>(first(i + 1) - first(i)); }
};

// Asks the cache for two matrices, line by line, a share of them at each of `visits` visits.
class Fetcher {
 public:
  Fetcher(const GemmAhead& a, const GemmAhead& b, std::int64_t visits) : walk_(a), then_(b) {
    const std::int64_t lines = walk_.rows * walk_.lines + then_.rows * then_.lines;
    per_visit_ = visits == 0 ? 0 : (lines + visits - 1) / visits;
  }

  void visit() {
    for (std::int64_t i = 0; i < per_visit_; ++i) {
      if (walk_.rows == 0) {
        if (then_.rows == 0) return;
        walk_ = then_;
        then_.rows = 0;
      }
      _mm_prefetch(reinterpret_cast<const char*>(walk_.at), _MM_HINT_T1);
      walk_.at += kLine;
      if (--walk_.lines_left > 0) continue;
      walk_.at += walk_.stride - walk_.lines * kLine;
      walk_.lines_left = walk_.lines;
      --walk_.rows;
    }
  }

 private:
  static constexpr std::int64_t kLine = 16;  // floats

  struct Walk {
    explicit Walk(const GemmAhead& ahead)
        : at(ahead.at),
          rows(ahead.columns > 0 ? ahead.rows : 0),
          stride(ahead.stride),
          lines((ahead.columns + kLine - 1) / kLine),
          lines_left(lines) {}

    const float* at;
    std::int64_t rows, stride, lines, lines_left;
  };

  Walk walk_, then_;
  std::int64_t per_visit_;
};

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
[[gnu::noinline]] void tile(const Tile& t, Fetcher& fetcher) {
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
  const auto step = [&](const float* a_step) {
    const Vec b0 = load(b), b1 = load(b + kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vec ai = set1(a_step[i * kARow]);
      sum[i][0] = fma(ai, b0, sum[i][0]);
      sum[i][1] = fma(ai, b1, sum[i][1]);
    }
    b += t.b_step;
  };
  std::int64_t p = t.inner;
  for (; p >= kStride; p -= kStride) {
    fetcher.visit();
    for (int pair = 0; pair < kStride / 2; ++pair, a += 2 * kAStep) {
      step(a);
      step(a + kAStep);
    }
  }
  for (; p > 0; --p, a += kAStep) step(a);
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
inline void tile_of(std::int64_t rows, const Tile& t, Fetcher& fetcher) {
  if (rows == kRows) {
    tile<kRows, kARow, kAStep>(t, fetcher);
  } else if constexpr (kRows > 1) {
    tile_of<kRows - 1, kARow, kAStep>(rows, t, fetcher);
  }
}

std::int64_t panels_of(std::int64_t n) { return (n + kPanel - 1) / kPanel; }

// The columns of a block. Where b is not packed, its last, partial panel is copied to `tail`: a tile reads whole
// panels.
struct Columns {
  Columns(const GemmBlock& block, float* tail) : block_(block), full_(block.n), tail_(tail) {
    const std::int64_t partial = block.n % kPanel;
    if (block.b_step == kPanel || partial == 0) return;
    full_ = block.n - partial;
    pack(block.inner, partial, block.b + full_ / kPanel * block.panel_stride, block.b_step, tail);
  }

  // Rows [row, row + height) of c, of which `a` is the packed panel.
  template <int kARow, int kAStep>
  void multiply(std::int64_t row, std::int64_t height, const float* a, Fetcher& fetcher) const {
    for (std::int64_t j = 0; j < block_.n; j += kPanel) {
      const float* start = block_.start == nullptr ? nullptr : block_.start + row * block_.start_stride + j;
      const bool packed = j < full_;
      tile_of<kTileRows, kARow, kAStep>(
          height,
          {block_.inner, smaller(kPanel, block_.n - j), a, packed ? block_.b + j / kPanel * block_.panel_stride : tail_,
           packed ? block_.b_step : kPanel, start, block_.start_stride, block_.c + row * block_.ldc + j, block_.ldc},
          fetcher);
    }
  }

 private:
  const GemmBlock& block_;
  std::int64_t full_;  // columns read where they lie
  const float* tail_;
};

void multiply(const GemmBlock& block) {
  alignas(64) float packed[kTileRows * kRowStride], tail[kGemmDepth * kPanel];
  const Columns columns(block, tail);
  const RowPanels rows{block.m};
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const std::int64_t row = rows.first(i), next = rows.first(i + 1);
    for (std::int64_t r = row; r < next; ++r)
      copy(block.inner, block.a + r * block.lda, packed + (r - row) * kRowStride);
    const GemmAhead below{block.a + next * block.lda, rows.height(i), block.inner, block.lda};
    Fetcher fetcher(next < block.m ? below : block.ahead_a, {}, panels_of(block.n) * (block.inner / kStride));
    columns.multiply<kRowStride, 1>(row, next - row, packed, fetcher);
  }
}

constexpr int kPanelsAtOnce = 32 / kWidth;  // row panels packed in one pass over a: two cache lines or less

// Rows of kPanels row panels, each to[panel stride + p kWidth + row], and their sums over p.
template <int kPanels>
inline void pack_columns(const GemmBlock& block, const RowPanels& rows, std::int64_t first, float* to,
                         std::int64_t stride, float* sums) {
  const float* from[kPanels];
  int height[kPanels];
  Vec sum[kPanels];
#pragma GCC unroll 4
  for (int q = 0; q < kPanels; ++q) {
    from[q] = block.a + rows.first(first + q);
    height[q] = rows.height(first + q);
    sum[q] = zero();
  }
  for (std::int64_t p = 0; p < block.inner; ++p) {
#pragma GCC unroll 4
    for (int q = 0; q < kPanels; ++q) {
      const Vec v = load(from[q] + p * block.lda, height[q]);
      store(to + q * stride + p * kWidth, v);
      sum[q] = sum[q] + v;
    }
  }
  for (int q = 0; sums != nullptr && q < kPanels; ++q) {
    float* at = sums + rows.first(first + q);
    store(at, load(at, height[q]) + sum[q], height[q]);
  }
}

template <int kPanels>
inline void pack_columns_of(std::int64_t n_panels, const GemmBlock& block, const RowPanels& rows, std::int64_t first,
                            float* to, std::int64_t stride, float* sums) {
  if (n_panels == kPanels) {
    pack_columns<kPanels>(block, rows, first, to, stride, sums);
  } else if constexpr (kPanels > 1) {
    pack_columns_of<kPanels - 1>(n_panels, block, rows, first, to, stride, sums);
  }
}

void multiply_transposed(const GemmBlock& block, float* sums) {
  static_assert(kTileRows <= kWidth);
  alignas(64) float packed[kPanelsAtOnce * (kGemmDepth * kWidth + 16)], tail[kGemmDepth * kPanel];
  const Columns columns(block, tail);
  const RowPanels rows{block.m};
  Fetcher fetcher(block.ahead_a, block.ahead_b, rows.count * panels_of(block.n) * (block.inner / kStride));
  const std::int64_t stride = block.inner * kWidth + 16;  // no two panels compete for one cache set
  for (std::int64_t i = 0; i < rows.count; i += kPanelsAtOnce) {
    const std::int64_t n_panels = smaller(kPanelsAtOnce, rows.count - i);
    pack_columns_of<kPanelsAtOnce>(n_panels, block, rows, i, packed, stride, sums);
    for (std::int64_t q = 0; q < n_panels; ++q)
      columns.multiply<1, kWidth>(rows.first(i + q), rows.height(i + q), packed + q * stride, fetcher);
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

// kWidth rows of w against a panel of x: sum[j] holds the sums of row j for all rows of x, one in each lane.
void narrow_tile(std::int64_t m, std::int64_t k, const float* panel, const float* w, const float* bias, float* y,
                 std::int64_t ldy) {
  constexpr int kQuads = kWidth / 4;  // of rows: few enough addresses for the registers
  const float* quad[kQuads];
#pragma GCC unroll 4
  for (int q = 0; q < kQuads; ++q) quad[q] = w + 4 * q * k;
  Vec sum[kWidth];
#pragma GCC unroll 16
  for (int j = 0; j < kWidth; ++j) sum[j] = zero();
  for (std::int64_t p = 0; p < k; ++p) {
    const Vec x = load(panel + p * kPanel);
#pragma GCC unroll 16
    for (int j = 0; j < kWidth; ++j) sum[j] = fma(set1(quad[j / 4][j % 4 * k + p]), x, sum[j]);
  }
  transpose(sum);
  const Vec first = bias == nullptr ? zero() : load(bias);
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i)
    if (i < m) store(y + i * ldy, sum[i] + first);
}

void narrow(std::int64_t m, std::int64_t n, std::int64_t k, const float* panel, const float* x, std::int64_t ldx,
            const float* w, const float* bias, float* y, std::int64_t ldy) {
  std::int64_t j = 0;
  for (; j + kWidth <= n; j += kWidth)
    narrow_tile(m, k, panel, w + j * k, bias == nullptr ? nullptr : bias + j, y + j, ldy);
  if (j < n) dots(m, n - j, k, x, ldx, w + j * k, bias == nullptr ? nullptr : bias + j, y + j, ldy);
}

void add(std::int64_t n, const float* from, float* to) {
  for (std::int64_t i = 0; i < n; i += kWidth)
    store_some(to + i, load_some(to + i, n - i) + load_some(from + i, n - i), n - i);
}

}  // namespace
}  // namespace ingot::engine::kernels
