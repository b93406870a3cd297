// The matrix products over Vec, written once for every width. The including file has brought Vec, kTileRows (rows of c
// held in registers), sums_of(), and repeat_pair(), transpose_pairs() and store_quads() for the few-rows product.
#pragma once

#include "engine/kernels/simd/transpose.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kWidth = Vec::width;
constexpr int kPanel = 2 * kWidth;
constexpr int kStride = 8;                // steps along the inner dimension between two visits of the fetcher
constexpr std::int64_t kCacheWay = 1024;  // floats: addresses so far apart compete for one set of the first-level cache
// Rows of a copied row panel lie this far apart, an odd number of cache lines.
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
  std::int64_t lda, b_step;
  const float* start;
  std::int64_t start_stride;
  float* c;
  std::int64_t ldc;
};

// kRows x kPanel values of c in registers; a(i,p) = a[p lda + i] if kTransposed, else a[i lda + p].
template <int kRows, bool kTransposed>
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
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    __builtin_prefetch(t.c + i * t.ldc, 1);
    if constexpr (kPanel > 16) __builtin_prefetch(t.c + i * t.ldc + kWidth, 1);
  }
  // Addresses of every fourth row of a, few enough for the registers; one if the rows are neighbours.
  constexpr int kAhead = kTransposed ? kRows : 4, kStarts = (kRows + kAhead - 1) / kAhead;
  const std::int64_t a_row = kTransposed ? 1 : t.lda, a_step = kTransposed ? t.lda : 1;
  const float* a[kStarts];
#pragma GCC unroll 4
  for (int q = 0; q < kStarts; ++q) a[q] = t.a + kAhead * q * a_row;
  const float* b = t.b;
  const auto step = [&] {
    const Vec b0 = load(b), b1 = load(b + kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vec ai = set1(a[i / kAhead][i % kAhead * a_row]);
      sum[i][0] = fma(ai, b0, sum[i][0]);
      sum[i][1] = fma(ai, b1, sum[i][1]);
    }
#pragma GCC unroll 4
    for (int q = 0; q < kStarts; ++q) a[q] += a_step;
    b += t.b_step;
  };
  std::int64_t p = t.inner;
  for (; p >= kStride; p -= kStride) {
    fetcher.visit();
    for (int i = 0; i < kStride / 2; ++i) {
      step();
      step();
    }
  }
  for (; p > 0; --p) step();
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

template <int kRows, bool kTransposed>
inline void tile_of(std::int64_t rows, const Tile& t, Fetcher& fetcher) {
  if (rows == kRows) {
    tile<kRows, kTransposed>(t, fetcher);
  } else if constexpr (kRows > 1) {
    tile_of<kRows - 1, kTransposed>(rows, t, fetcher);
  }
}

std::int64_t panels_of(std::int64_t n) { return (n + kPanel - 1) / kPanel; }

// The columns of a block. Where b is not packed, its last, partial panel is copied to `tail`: a tile reads whole
// panels.
struct Columns {
  Columns(const GemmBlock& block, float* tail) : block_(block), full_(block.n), tail_(tail) {
    const std::int64_t partial = block.n % kPanel;
    if (block.b_is_packed || partial == 0) return;
    full_ = block.n - partial;
    pack(block.inner, partial, block.b + full_ / kPanel * block.panel_stride, block.b_step, tail);
  }

  // Rows [row, row + height) of c, from `a` on.
  template <bool kTransposed>
  void multiply(std::int64_t row, std::int64_t height, const float* a, std::int64_t lda, Fetcher& fetcher) const {
    for (std::int64_t j = 0; j < block_.n; j += kPanel) {
      const float* start = block_.start == nullptr ? nullptr : block_.start + row * block_.start_stride + j;
      const bool packed = j < full_;
      tile_of<kTileRows, kTransposed>(height,
                                      {.inner = block_.inner,
                                       .columns = smaller(kPanel, block_.n - j),
                                       .a = a,
                                       .b = packed ? block_.b + j / kPanel * block_.panel_stride : tail_,
                                       .lda = lda,
                                       .b_step = packed ? block_.b_step : kPanel,
                                       .start = start,
                                       .start_stride = block_.start_stride,
                                       .c = block_.c + row * block_.ldc + j,
                                       .ldc = block_.ldc},
                                      fetcher);
    }
  }

 private:
  const GemmBlock& block_;
  std::int64_t full_;  // columns read where they lie
  const float* tail_;
};

void multiply(const GemmBlock& block) {
  alignas(64) float copied[kTileRows * kRowStride], tail[kGemmDepth * kPanel];
  const Columns columns(block, tail);
  const RowPanels rows{block.m};
  const bool is_copied = block.lda % kCacheWay == 0;  // all rows compete for one cache set
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const std::int64_t row = rows.first(i), next = rows.first(i + 1);
    const float* a = block.a + row * block.lda;
    if (is_copied)
      for (std::int64_t r = 0; r < next - row; ++r) copy(block.inner, a + r * block.lda, copied + r * kRowStride);
    const GemmAhead below{block.a + next * block.lda, rows.height(i), block.inner, block.lda};
    Fetcher fetcher(next < block.m ? below : block.ahead_a, {}, panels_of(block.n) * (block.inner / kStride));
    columns.multiply<false>(row, next - row, is_copied ? copied : a, is_copied ? kRowStride : block.lda, fetcher);
  }
}

// sums[i] += sum over p of a(i,p), for the transposed a.
void add_columns(const GemmBlock& block, float* sums) {
  constexpr int kVecs = 4;
  for (std::int64_t i = 0; i < block.m; i += kVecs * kWidth) {
    Vec sum[kVecs];
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) sum[v] = zero();
    for (std::int64_t p = 0; p < block.inner; ++p) {
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v)
        sum[v] = sum[v] + load_some(block.a + p * block.lda + i + v * kWidth, block.m - i - v * kWidth);
    }
    for (int v = 0; v < kVecs; ++v) {
      const std::int64_t at = i + v * kWidth;
      store_some(sums + at, load_some(sums + at, block.m - at) + sum[v], block.m - at);
    }
  }
}

// Both factors are read where they lie: a packed copy would be read too few times to pay.
void multiply_transposed(const GemmBlock& block, float* sums) {
  alignas(64) float tail[kGemmDepth * kPanel];
  const Columns columns(block, tail);
  const RowPanels rows{block.m};
  if (sums != nullptr) add_columns(block, sums);
  Fetcher fetcher(block.ahead_a, block.ahead_b, rows.count * panels_of(block.n) * (block.inner / kStride));
  for (std::int64_t i = 0; i < rows.count; ++i)
    columns.multiply<true>(rows.first(i), rows.height(i), block.a + rows.first(i), block.lda, fetcher);
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
      _mm_prefetch(reinterpret_cast<const char*>(w_row[j] + kColumns * k + p), _MM_HINT_T0);
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

constexpr int kTokens = kWidth / 2;  // rows of x in one vector, two steps of the inner dimension each
constexpr int kGroups = 2;           // vectors of x that meet ...
constexpr int kPairRows = kTokens;   // ... so many rows of w at once: half of the registers hold sums

// to[(p / 2 groups + i / kTokens) kWidth + i % kTokens 2 + p % 2] = x[i ldx + p], zeros up to whole vectors.
void pack_narrow(std::int64_t m, std::int64_t k, const float* x, std::int64_t ldx, float* to) {
  const std::int64_t groups = (m + kTokens - 1) / kTokens;
  for (std::int64_t g = 0; g < groups; ++g) {
    for (std::int64_t p = 0; p < k; p += kWidth) {
      Vec v[kTokens];
#pragma GCC unroll 8
      for (int i = 0; i < kTokens; ++i) {
        const std::int64_t row = g * kTokens + i;
        v[i] = row < m ? load_some(x + row * ldx + p, k - p) : zero();
      }
      transpose_pairs(v);
      const std::int64_t n_pairs = smaller(kTokens, (k - p + 1) / 2);
      float* pair = to + (p / 2 * groups + g) * kWidth;
      for (std::int64_t i = 0; i < n_pairs; ++i) store(pair + i * groups * kWidth, v[i]);
    }
  }
}

// One float and a zero in every pair of lanes.
inline Vec first_of_pair(const float* p) {
  const float pair[2] = {*p, 0.0f};
  return repeat_pair(pair);
}

// kGroupsNow of the `groups` groups of x, from `packed` on, against kPairRows rows of w. A sum is two, of the even and
// of the odd steps, added at the end. `m`: the rows of x from the first of these groups on.
template <int kGroupsNow>
inline void narrow_tile(std::int64_t m, std::int64_t groups, std::int64_t k, const float* packed, const float* w,
                        const float* bias, float* y, std::int64_t ldy) {
  const float* w_half[2] = {w, w + kPairRows / 2 * k};  // few enough addresses for the registers
  Vec sum[kGroupsNow][kPairRows];
#pragma GCC unroll 2
  for (int g = 0; g < kGroupsNow; ++g)
#pragma GCC unroll 8
    for (int j = 0; j < kPairRows; ++j) sum[g][j] = zero();
  const auto steps = [&](auto repeat_at) {
    Vec x[kGroupsNow];
#pragma GCC unroll 2
    for (int g = 0; g < kGroupsNow; ++g) x[g] = load(packed + g * kWidth);
#pragma GCC unroll 8
    for (int j = 0; j < kPairRows; ++j) {
      const Vec ws = repeat_at(w_half[j / (kPairRows / 2)] + j % (kPairRows / 2) * k);
#pragma GCC unroll 2
      for (int g = 0; g < kGroupsNow; ++g) sum[g][j] = fma(ws, x[g], sum[g][j]);
    }
    packed += groups * kWidth;
    w_half[0] += 2;
    w_half[1] += 2;
  };
  const float* next_rows = w + kPairRows * k;
  for (std::int64_t pair = k / 2; pair > 0; --pair) {
    _mm_prefetch(reinterpret_cast<const char*>(next_rows), _MM_HINT_T0);
    next_rows += kWidth;
    steps([](const float* at) { return repeat_pair(at); });
  }
  if (k % 2 != 0) steps([](const float* at) { return first_of_pair(at); });
#pragma GCC unroll 2
  for (int g = 0; g < kGroupsNow; ++g) {
    const int rows = static_cast<int>(smaller(kTokens, m - g * kTokens));
#pragma GCC unroll 2
    for (int j = 0; j < kPairRows; j += 4)
      store_quads(sum[g][j], sum[g][j + 1], sum[g][j + 2], sum[g][j + 3], rows, bias == nullptr ? nullptr : bias + j,
                  y + g * kTokens * ldy + j, ldy);
  }
}

void narrow(std::int64_t m, std::int64_t n, std::int64_t k, const float* packed, const float* w, const float* bias,
            float* y, std::int64_t ldy) {
  const std::int64_t groups = (m + kTokens - 1) / kTokens;
  for (std::int64_t begin = 0; begin < n; begin += kPairRows) {
    const std::int64_t j = smaller(begin, n - kPairRows);  // the last ones may do some columns again
    const float* bias_at = bias == nullptr ? nullptr : bias + j;
    std::int64_t g = 0;
    for (; g + kGroups <= groups; g += kGroups)
      narrow_tile<kGroups>(m - g * kTokens, groups, k, packed + g * kWidth, w + j * k, bias_at,
                           y + g * kTokens * ldy + j, ldy);
    for (; g < groups; ++g)
      narrow_tile<1>(m - g * kTokens, groups, k, packed + g * kWidth, w + j * k, bias_at, y + g * kTokens * ldy + j,
                     ldy);
  }
}

void add(std::int64_t n, const float* from, float* to) {
  for (std::int64_t i = 0; i < n; i += kWidth)
    store_some(to + i, load_some(to + i, n - i) + load_some(from + i, n - i), n - i);
}

}  // namespace
}  // namespace ingot::engine::kernels
