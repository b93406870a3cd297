// The matrix products of a linear layer: how they are cut into blocks and shared between threads.
//
// A processor multiplies much faster than memory delivers, so a number that was fetched has to take part in many
// products while it is near. A tile of the result stays in registers (x86_body.h). A panel of the right factor, as wide
// as the tile and kGemmDepth steps deep, stays in the first-level cache, and a task's rows of the left factor stay in
// the caches beyond. A longer inner dimension is cut into such depths, and each adds to what the one before it stored.
//
// The forward product needs w by columns, but w lies by rows. Packing w into panels puts that right. It costs a pass
// over all of w, which is little where many rows of x share it, and too much where few do:
//
//   m <= kFewRows or n <= kFewColumns    sums run along the inner dimension of x and w as they lie
//   m <= kNarrowRows                     x is packed instead, and w is read once, where it lies
//   else                                 w is packed
//
// An input gradient reads w by rows, and packs it only for more than kInPlaceRows rows. A weight gradient sums over
// tokens and packs nothing here. Where its result has only a tile or two, the tokens are cut as well.
//
// No cut depends on the number of threads, and every value is summed in an order that the shape alone decides: any
// number of threads gives the same bits. The price is that a small product has few tasks, however many threads wait.
#include "engine/kernels/gemm/gemm.h"

#include <algorithm>
#include <utility>

#include "engine/base/divide.h"
#include "engine/base/scratch.h"
#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/gemm/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const GemmRow* kRows[] = {
#if defined(__x86_64__)
    &kGemmAvx512,
    &kGemmAvx2,
#endif
    &kGemmReference,
};

constexpr std::int64_t kTaskWork = 1 << 19;  // multiply-adds worth waking a thread for: some 10 us
constexpr std::int64_t kPackWork = 1 << 15;  // floats packed in one task
constexpr std::int64_t kTaskRows = 56;       // of a product's rows in one task: they stay in the caches
constexpr std::int64_t kAheadRows = 14;      // fetched of the next block of the inner dimension: about one tile's
constexpr std::int64_t kTaskColumns = 256;  // at least, when there are that many: rows come from memory once a task ...
constexpr std::int64_t kTaskPanels = 1 << 16;    // ... and as many as have so many floats of b (256 KiB)
constexpr std::int64_t kInPlaceRows = 128;       // up to here an input gradient reads w where it lies
constexpr std::int64_t kNarrowRows = 96;         // up to here it packs x instead of w
constexpr std::int64_t kFewRows = 4;             // up to here sums run along the inner dimension
constexpr std::int64_t kFewColumns = 12;         // up to here a panel would be mostly padding
constexpr std::int64_t kGradientColumns = 256;   // of a weight gradient's tile ...
constexpr std::int64_t kGradientTile = 1 << 15;  // ... which has so many values (128 KiB)
constexpr std::int64_t kGradientDepth = 128;     // tokens in one block ...
constexpr std::int64_t kFirstDepth = 64;         // ... and in the first, which nobody fetched ahead
constexpr std::int64_t kGradientTasks = 4;       // sought by cutting the tokens
constexpr std::int64_t kGradientTokens = 128;    // at least in each cut

// The length of chunks of about `target`: nearly equal ones, an even number if several, so that two threads end
// together.
std::int64_t chunk_of(std::int64_t count, std::int64_t target) {
  const std::int64_t n_chunks = ceil_div(count, target);
  return n_chunks <= 1 ? std::max<std::int64_t>(count, 1) : ceil_div(count, round_up(n_chunks, 2));
}

// Calls body(i0, i1, j0, j1) for the tiles of rows x columns that make up m x n: those of the upper half of the rows,
// then those of the lower, so that a thread meets the same rows in every product; in each, rows run fastest.
template <class Body>
void for_each_tile(std::int64_t m, std::int64_t n, std::int64_t rows, std::int64_t columns, const Body& body) {
  const std::int64_t n_down = ceil_div(m, rows), n_across = ceil_div(n, columns);
  const std::int64_t upper = (n_down + 1) / 2, n_upper = upper * n_across;
  parallel_for(n_down * n_across, 1, [&](std::int64_t task, std::int64_t) {
    const bool is_upper = task < n_upper;
    const std::int64_t down = is_upper ? upper : n_down - upper, at = is_upper ? task : task - n_upper;
    const std::int64_t i = (at % down + (is_upper ? 0 : upper)) * rows, j = at / down * columns;
    body(i, std::min(m, i + rows), j, std::min(n, j + columns));
  });
}

// The columns of a task over `rows` rows with `inner` steps: enough work, a multiple of `unit`.
std::int64_t task_columns(std::int64_t rows, std::int64_t inner, std::int64_t at_least, std::int64_t unit) {
  return round_up(std::max(at_least, ceil_div(kTaskWork, std::max<std::int64_t>(rows * inner, 1))), unit);
}

// c[m,n] = start + a[m,inner] b, b in panels; finish(i0, i1, j0, j1) follows each finished tile of c.
struct Product {
  const GemmRow& row;
  GemmBlock whole;

  template <class Finish>
  void run(const Finish& finish) const {
    const std::int64_t rows = chunk_of(whole.m, kTaskRows);
    const std::int64_t wide = std::max(kTaskColumns, kTaskPanels / std::max<std::int64_t>(whole.inner, 1));
    const std::int64_t at_least = rows < whole.m ? wide : row.panel;
    const std::int64_t columns = task_columns(rows, whole.inner, at_least, row.panel);
    for_each_tile(whole.m, whole.n, rows, columns, [&](auto i0, auto i1, auto j0, auto j1) {
      tile(i0, i1, j0, j1);
      finish(i0, i1, j0, j1);
    });
  }

  // The first rows from [i0, i1) of a, from the step p.
  GemmAhead ahead(std::int64_t i0, std::int64_t i1, std::int64_t p) const {
    return {whole.a + i0 * whole.lda + p, std::min(kAheadRows, i1 - i0), std::min(kGemmDepth, whole.inner - p),
            whole.lda};
  }

  void tile(std::int64_t i0, std::int64_t i1, std::int64_t j0, std::int64_t j1) const {
    GemmBlock block = whole;
    block.m = i1 - i0;
    block.n = j1 - j0;
    block.c = whole.c + i0 * whole.ldc + j0;
    if (whole.start != nullptr) block.start = whole.start + i0 * whole.start_stride + j0;
    for (std::int64_t p = 0; p < whole.inner; p += kGemmDepth) {
      block.inner = std::min(kGemmDepth, whole.inner - p);
      block.a = whole.a + i0 * whole.lda + p;
      block.b = whole.b + j0 / row.panel * whole.panel_stride + p * whole.b_step;
      block.ahead_a = p + block.inner < whole.inner ? ahead(i0, i1, p + block.inner) : ahead(i1, whole.m, 0);
      row.multiply(block);
      block.start = block.c;
      block.start_stride = block.ldc;
    }
  }
};

using Pack = void (*)(std::int64_t, std::int64_t, const float*, std::int64_t, float*);

// All panels of a factor with n columns; columns j0 .. start at from + j0 column_stride.
void pack_panels(const GemmRow& row, Pack pack, std::int64_t inner, std::int64_t n, const float* from, std::int64_t ld,
                 std::int64_t column_stride, float* to) {
  const std::int64_t grain = round_up(std::max<std::int64_t>(1, kPackWork / inner), row.panel);
  parallel_for(n, grain, [&](std::int64_t j0, std::int64_t j1) {
    pack(inner, j1 - j0, from + j0 * column_stride, ld, to + j0 * inner);
  });
}

// A weight gradient in three dimensions of tasks: cuts of the tokens, rows and columns of the result.
struct WeightGradient {
  const GemmRow& row;
  std::int64_t m, n, k;
  const float* dy;
  std::int64_t lddy;
  const float* x;
  std::int64_t ldx;

  std::int64_t columns = std::min(k, kGradientColumns);
  std::int64_t rows = std::min(n, std::max<std::int64_t>(1, kGradientTile / round_up(columns, row.panel)));
  std::int64_t n_down = ceil_div(n, rows), n_across = ceil_div(k, columns);
  std::int64_t tokens = token_cut();
  std::int64_t n_cuts = std::max<std::int64_t>(1, ceil_div(m, tokens));

  std::int64_t token_cut() const {
    const std::int64_t wanted = ceil_div(kGradientTasks, n_down * n_across);
    const std::int64_t by_work = m * n * k / (n_down * n_across) / kTaskWork;
    const std::int64_t cuts = std::min({wanted, m / kGradientTokens, by_work});
    return chunk_of(m, std::max<std::int64_t>(1, ceil_div(m, std::max<std::int64_t>(1, cuts))));
  }

  // The share of tokens [t0, t1), of cut `cut`, in dw rows [i0, i1), columns [j0, j1), and in dbias[i0, i1).
  struct Task {
    std::int64_t cut, t0, t1, i0, i1, j0, j1;
  };

  // The tiles of a cut one after another: a thread stays with its tokens.
  Task task_at(std::int64_t index) const {
    const std::int64_t n_tiles = n_down * n_across, cut = index / n_tiles, at = index % n_tiles;
    const std::int64_t t = cut * tokens, i = at % n_down * rows, j = at / n_down * columns;
    return {cut, t, std::min(m, t + tokens), i, std::min(n, i + rows), j, std::min(k, j + columns)};
  }

  // `next` is most often what the thread does after it.
  void do_task(const Task& task, const Task& next, bool accumulate, float* dw, float* dbias) const {
    const auto [cut, t0, t1, i0, i1, j0, j1] = task;
    if (dbias != nullptr && !accumulate) std::fill(dbias + i0, dbias + i1, 0.0f);
    float* c = dw + i0 * k + j0;
    const float* start = accumulate ? c : nullptr;
    std::int64_t t = t0, depth = kFirstDepth;
    do {
      const std::int64_t end = std::min(t + depth, t1);
      depth = std::min(2 * depth, kGradientDepth);
      const Task ahead = end < t1 ? Task{cut, end, std::min(end + depth, t1), i0, i1, j0, j1} : first_block(next);
      const std::int64_t ahead_tokens = ahead.t1 - ahead.t0;
      row.multiply_transposed({.m = i1 - i0,
                               .n = j1 - j0,
                               .inner = end - t,
                               .a = dy + t * lddy + i0,
                               .lda = lddy,
                               .b = x + t * ldx + j0,
                               .b_step = ldx,
                               .panel_stride = row.panel,
                               .start = start,
                               .start_stride = k,
                               .c = c,
                               .ldc = k,
                               .ahead_a = {dy + ahead.t0 * lddy + ahead.i0, ahead_tokens, ahead.i1 - ahead.i0, lddy},
                               .ahead_b = {x + ahead.t0 * ldx + ahead.j0, ahead_tokens, ahead.j1 - ahead.j0, ldx}},
                              dbias == nullptr ? nullptr : dbias + i0);
      start = c;
      t = end;
    } while (t < t1);
  }

  static Task first_block(Task task) {
    task.t1 = std::min(task.t1, task.t0 + kFirstDepth);
    return task;
  }

  void run(bool accumulate, float* dw, float* dbias) const {
    const std::int64_t size = round_up(n * k + n, 16), n_tasks = n_cuts * n_down * n_across;
    float* shares = scratch(Scratch::gemm, (n_cuts - 1) * size);  // of the cuts after the first
    parallel_for(n_tasks, 1, [&](std::int64_t index, std::int64_t) {
      const Task task = task_at(index);
      float* share = task.cut == 0 ? dw : shares + (task.cut - 1) * size;
      float* bias_share = task.cut == 0 ? dbias : share + n * k;
      if (task.j0 != 0 || dbias == nullptr) bias_share = nullptr;
      do_task(task, task_at((index + 1) % n_tasks), accumulate && task.cut == 0, share, bias_share);
    });
    if (n_cuts == 1) return;
    parallel_for(n * k, kPackWork / 4, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t cut = 1; cut < n_cuts; ++cut)
        row.add(end - begin, shares + (cut - 1) * size + begin, dw + begin);
    });
    if (dbias == nullptr) return;
    for (std::int64_t cut = 1; cut < n_cuts; ++cut) row.add(n, shares + (cut - 1) * size + n * k, dbias);
  }
};

}  // namespace

std::span<const GemmRow* const> gemm_rows() { return kRows; }

void linear_forward(const GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* x,
                    std::int64_t ldx, const float* w, const float* bias, Activation activation, float* pre_activation,
                    float* y, std::int64_t ldy, BiasOrder order) {
  float* sums = pre_activation == nullptr ? y : pre_activation;
  const float* last_bias = order == BiasOrder::last ? std::exchange(bias, nullptr) : nullptr;
  const auto finish = [&](std::int64_t i0, std::int64_t i1, std::int64_t j0, std::int64_t j1) {
    const std::int64_t at = i0 * ldy + j0;
    for (std::int64_t i = i0; last_bias != nullptr && i < i1; ++i)
      row.add(j1 - j0, last_bias + j0, sums + i * ldy + j0);
    activation_forward(activation, i1 - i0, j1 - j0, sums + at, y + at, ldy);
  };
  if (m > kFewRows && m <= kNarrowRows && n > kFewColumns) {
    float* packed = scratch(Scratch::gemm, round_up(m, 8) * round_up(k, 2));
    row.pack_narrow(m, k, x, ldx, packed);
    for_each_tile(m, n, m, task_columns(m, k, 1, row.panel), [&](auto, auto, auto j0, auto j1) {
      const float* b = bias == nullptr ? nullptr : bias + j0;
      if (j1 - j0 >= kNarrowColumns) {
        row.narrow(m, j1 - j0, k, packed, w + j0 * k, b, sums + j0, ldy);
      } else {
        row.dots(m, j1 - j0, k, x, ldx, w + j0 * k, b, sums + j0, ldy);
      }
      finish(0, m, j0, j1);
    });
    return;
  }
  if (m <= kFewRows || n <= kFewColumns) {
    const std::int64_t rows = chunk_of(m, std::max(kTaskRows, ceil_div(kTaskWork, n * k)));
    for_each_tile(m, n, rows, task_columns(rows, k, 1, row.panel), [&](auto i0, auto i1, auto j0, auto j1) {
      row.dots(i1 - i0, j1 - j0, k, x + i0 * ldx, ldx, w + j0 * k, bias == nullptr ? nullptr : bias + j0,
               sums + i0 * ldy + j0, ldy);
      finish(i0, i1, j0, j1);
    });
    return;
  }
  float* packed = scratch(Scratch::gemm, round_up(n, row.panel) * k);
  pack_panels(row, row.pack_transposed, k, n, w, k, k, packed);
  const Product product{row,
                        {.m = m,
                         .n = n,
                         .inner = k,
                         .a = x,
                         .lda = ldx,
                         .b = packed,
                         .b_step = row.panel,
                         .panel_stride = row.panel * k,
                         .b_is_packed = true,
                         .start = bias,
                         .start_stride = 0,
                         .c = sums,
                         .ldc = ldy}};
  product.run(finish);
}

void linear_input_gradient(const GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* dy,
                           std::int64_t lddy, const float* w, bool accumulate, float* dx, std::int64_t lddx) {
  const auto nothing = [](auto...) {};
  GemmBlock whole{.m = m,
                  .n = k,
                  .inner = n,
                  .a = dy,
                  .lda = lddy,
                  .b = w,
                  .b_step = k,
                  .panel_stride = row.panel,
                  .start = accumulate ? dx : nullptr,
                  .start_stride = lddx,
                  .c = dx,
                  .ldc = lddx};
  if (m <= kInPlaceRows) {  // w is read in place
    Product{row, whole}.run(nothing);
    return;
  }
  float* packed = scratch(Scratch::gemm, n * round_up(k, row.panel));
  pack_panels(row, row.pack, n, k, w, k, 1, packed);
  whole.b = packed;
  whole.b_step = row.panel;
  whole.panel_stride = row.panel * n;
  whole.b_is_packed = true;
  Product{row, whole}.run(nothing);
}

void linear_weight_gradient(const GemmRow& row, std::int64_t m, std::int64_t n, std::int64_t k, const float* dy,
                            std::int64_t lddy, const float* x, std::int64_t ldx, bool accumulate, float* dw,
                            float* dbias) {
  const WeightGradient gradient{.row = row, .m = m, .n = n, .k = k, .dy = dy, .lddy = lddy, .x = x, .ldx = ldx};
  gradient.run(accumulate, dw, dbias);
}

void linear_forward(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
                    const float* bias, Activation activation, float* pre_activation, float* y, std::int64_t ldy,
                    BiasOrder order) {
  linear_forward(active_row(gemm_rows()), m, n, k, x, ldx, w, bias, activation, pre_activation, y, ldy, order);
}

void linear_input_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                           const float* w, bool accumulate, float* dx, std::int64_t lddx) {
  linear_input_gradient(active_row(gemm_rows()), m, n, k, dy, lddy, w, accumulate, dx, lddx);
}

void linear_weight_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* dy, std::int64_t lddy,
                            const float* x, std::int64_t ldx, bool accumulate, float* dw, float* dbias) {
  linear_weight_gradient(active_row(gemm_rows()), m, n, k, dy, lddy, x, ldx, accumulate, dw, dbias);
}

}  // namespace ingot::engine::kernels
