// Products of fixed-point codes: how they are cut into tasks, and what a task does with its rows.
//
// The sums of a layer have 32 bits, and the codes that they become have 8. Storing all sums and reading them again
// would move several times the bytes of the codes on either side of the product. So sums leave the caches only if the
// caller asks for them: a task takes a few rows at a time through its panels, and does to their sums whatever follows
// (shifts, or floats, an activation and the next layer's codes) before it turns to the next rows.
//
// The weights of a layer were packed once (packed_weights.cc), so a product has only its activations to prepare. The
// instructions multiply unsigned bytes by signed ones. Signed activations are therefore raised by an offset while they
// are packed, and the sums start where that takes the offset back. Rows that need no offset and no padding are read
// where they lie.
//
// A task has some rows, and so many panels that their weights stay in the second-level cache while all of its rows
// pass. The trade-off: tasks of other panels pack the same rows again, and tasks of other rows unpack the same weights
// of 4 bits again. That costs little beside the products, and no task waits for another.
//
// Integer sums are exact, so every cut would give the same bits. The cuts still depend on the shape alone, never on the
// number of threads, as everywhere.
#include "engine/kernels/fixed_gemm/fixed_gemm.h"

#include <algorithm>

#include "engine/base/divide.h"
#include "engine/base/scratch.h"
#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/fixed_gemm/table.h"
#include "engine/kernels/quantize/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const FixedGemmRow* kRows[] = {
#if defined(__x86_64__)
    &kFixedGemmAmx,       &kFixedGemmAvx512Vnni, &kFixedGemmAvx512, &kFixedGemmAvxVnni, &kFixedGemmAvx2,
#endif
    &kFixedGemmReference,
};

constexpr std::int64_t kTaskRows = 168;       // packed by one task, at least
constexpr std::int64_t kFewRows = 32;         // not worth two tasks
constexpr std::int64_t kTaskCodes = 1 << 18;  // of weights in one task: they stay in the second-level cache
constexpr std::int64_t kTaskWork = 1 << 21;   // products worth waking a thread for: some 10 us
constexpr std::int64_t kLine = 64;            // bytes of a cache line
constexpr std::int64_t kUnit = 32;            // bytes in 8 groups, the deepest unit

// Rows in tasks of `most`, an even number of them, and the rest in two halves in the middle, where two threads that
// work from both ends meet.
struct RowTasks {
  std::int64_t m, most, height = std::min(m, most), full = m > most ? m / most / 2 * 2 : 0;
  std::int64_t rest = m - full * most, halves = full == 0 ? 1 : rest == 0 ? 0 : rest > kFewRows ? 2 : 1;
  std::int64_t count = full + halves;

  // Task i has the rows [first(i), first(i + 1)).
  std::int64_t first(std::int64_t i) const {
    if (i <= full / 2) return i * most;
    return i == full / 2 + 1 && halves == 2 ? full / 2 * most + (rest + 1) / 2 : m - (count - i) * most;
  }
};

}  // namespace

std::span<const FixedGemmRow* const> fixed_gemm_rows() { return kRows; }

// One product: its tasks, and the working memory of each.
struct FixedProduct {
  const PackedWeights& w;
  const FixedGemmRow& row;
  std::int64_t m;
  const void* x;
  std::int64_t ldx;
  void* y;
  std::int64_t ldy;
  // Of the first two at most one; neither: y are sums.
  const Requantizer* requantizer = nullptr;
  const Dequantizer* dequantizer = nullptr;
  const Quantization* quantization = nullptr;  // of what the dequantizer gives

  std::int64_t panel = row.panel;
  bool bytes = std::any_of(w.panels_.begin(), w.panels_.end(), [](const auto& p) { return !p.words; });
  bool words = std::any_of(w.panels_.begin(), w.panels_.end(), [](const auto& p) { return p.words; });
  // Rows of unsigned bytes in whole units of every depth are read where they lie.
  bool in_place = w.activations_ == CodeType::u8 && w.k_ % kUnit == 0;
  // Other rows are packed, into an odd number of cache lines: no two rows compete for one cache set.
  std::int64_t byte_stride = in_place ? ldx : (ceil_div(w.k_, kLine) | 1) * kLine;
  std::int64_t word_stride = (ceil_div(2 * w.k_, kLine) | 1) * kLine;
  std::int64_t unpacked_size = 4 * panel * most_groups();
  const QuantizeRow* quantize_row = &active_row(quantize_rows());

  FixedProduct(const PackedWeights& weights, std::int64_t rows, const void* from, std::int64_t from_stride, void* to,
               std::int64_t to_stride)
      : w(weights), row(*weights.row_), m(rows), x(from), ldx(from_stride), y(to), ldy(to_stride) {}

  // Activations as the panels need them.
  struct Rows {
    const std::uint8_t* bytes;
    const std::int16_t* words;
  };

  struct Workspace {
    std::uint8_t* bytes;
    std::int16_t* words;
    std::int8_t* codes;  // of unpacked panels
    std::int32_t* sums;
    float* floats;  // rows before they are quantised
  };

  void run() const {
    const std::int64_t n_panels = static_cast<std::int64_t>(w.panels_.size());
    const RowTasks rows{m, round_up(kTaskRows, row.rows)};
    const std::int64_t size = w.k_ * panel;
    const std::int64_t most = rows.count > 1 ? std::max<std::int64_t>(1, kTaskCodes / size) : 1;
    const std::int64_t across = std::min(n_panels, std::max(most, ceil_div(kTaskWork, rows.height * size)));
    parallel_for(rows.count * ceil_div(n_panels, across), 1, [&](std::int64_t task, std::int64_t) {
      const std::int64_t down = task % rows.count, first = task / rows.count * across;
      multiply(rows.first(down), rows.first(down + 1), first, std::min(n_panels, first + across));
    });
  }

  // Rows [i0, i1) of y, panels [first, last): a few rows at a time, which meet all panels while they are near.
  void multiply(std::int64_t i0, std::int64_t i1, std::int64_t first, std::int64_t last) const {
    const Workspace space = workspace(last - first);
    if (w.weight_bits_ == 4) {
      for (std::int64_t p = first; p < last; ++p)
        row.unpack_nibbles(w.panels_[static_cast<std::size_t>(p)].groups, static_cast<const std::uint8_t*>(codes_of(p)),
                           space.codes + (p - first) * unpacked_size);
    }
    for (std::int64_t i = i0; i < i1; i += row.rows) {
      const std::int64_t rows = std::min(row.rows, i1 - i);
      const Rows a = rows_from(i, rows, space);
      for (std::int64_t p = first; p < last; ++p) {
        const void* codes = w.weight_bits_ == 4 ? space.codes + (p - first) * unpacked_size : codes_of(p);
        const std::int64_t j = p * panel, columns = std::min(panel, w.n_ - j);
        if (dequantizer != nullptr) {
          sum(p, codes, rows, a, space.sums, panel);
          dequantize(rows, j, columns, space.sums, floats_at(i, j, first, space), float_stride(last - first));
        } else if (requantizer == nullptr && columns == panel) {  // sums where they belong
          sum(p, codes, rows, a, static_cast<std::int32_t*>(y) + i * ldy + j, ldy);
        } else {
          sum(p, codes, rows, a, space.sums, panel);
          finish(i, rows, j, columns, space.sums);
        }
      }
      if (dequantizer != nullptr) finish_floats(i, rows, first, last, space);
    }
  }

  // Where the floats of row i from column j on go.
  float* floats_at(std::int64_t i, std::int64_t j, std::int64_t first, const Workspace& space) const {
    return quantization == nullptr ? static_cast<float*>(y) + i * ldy + j : space.floats + j - first * panel;
  }
  std::int64_t float_stride(std::int64_t n_panels) const { return quantization == nullptr ? ldy : n_panels * panel; }

  void dequantize(std::int64_t rows, std::int64_t j, std::int64_t columns, const std::int32_t* c, float* to,
                  std::int64_t stride) const {
    row.dequantize({.m = rows,
                    .n = columns,
                    .c = c,
                    .ldc = panel,
                    .plain = dequantizer->plain_,
                    .factors = dequantizer->factors_.data() + j,
                    .wide_factors = dequantizer->wide_factors_.data() + j,
                    .biases = dequantizer->biases_.data() + j,
                    .y = to,
                    .ldy = stride});
  }

  // Panels [first, last) of the rows from i on: activated, quantised.
  void finish_floats(std::int64_t i, std::int64_t rows, std::int64_t first, std::int64_t last,
                     const Workspace& space) const {
    const std::int64_t j = first * panel, columns = std::min(last * panel, w.n_) - j;
    for (std::int64_t r = 0; r < rows; ++r) {
      float* values = floats_at(i, j, first, space) + r * float_stride(last - first);
      if (dequantizer->activation_ != Activation::identity)
        activation_forward(dequantizer->activation_, columns, values, values);
      if (quantization == nullptr) continue;
      const double factor = power_of_two(quantization->frac_bits);
      const QuantizeSpan span{columns, &factor, false, quantization->type};
      quantize_row->quantize(span, values, quantization->rounding, static_cast<double>(quantization->range.lowest),
                             static_cast<double>(quantization->range.highest),
                             static_cast<std::byte*>(y) + ((i + r) * ldy + j) * code_bytes(quantization->type));
    }
  }

  std::int64_t most_groups() const {
    std::int64_t most = 0;
    for (const auto& how : w.panels_) most = std::max(most, how.groups);
    return most;
  }

  const void* codes_of(std::int64_t p) const {
    return &w.blocks_[static_cast<std::size_t>(w.panels_[static_cast<std::size_t>(p)].block)];
  }

  Workspace workspace(std::int64_t n_panels) const {
    const std::int64_t byte_size = bytes && !in_place ? row.rows * byte_stride : 0,
                       word_size = words ? row.rows * word_stride : 0;
    const std::int64_t code_size = w.weight_bits_ == 4 ? n_panels * unpacked_size : 0;
    const std::int64_t sum_size = row.rows * panel * 4;
    const std::int64_t float_size = quantization == nullptr ? 0 : row.rows * n_panels * panel * 4;
    auto* memory = reinterpret_cast<std::byte*>(
        scratch(Scratch::fixed_gemm, (byte_size + word_size + code_size + sum_size + float_size) / 4));
    return {reinterpret_cast<std::uint8_t*>(memory), reinterpret_cast<std::int16_t*>(memory + byte_size),
            reinterpret_cast<std::int8_t*>(memory + byte_size + word_size),
            reinterpret_cast<std::int32_t*>(memory + byte_size + word_size + code_size),
            reinterpret_cast<float*>(memory + byte_size + word_size + code_size + sum_size)};
  }

  // Rows of x from the row i on, in the forms that the panels need, filled up to whole groups.
  Rows rows_from(std::int64_t i, std::int64_t rows, const Workspace& space) const {
    const std::int64_t stride = ldx * code_bytes(w.activations_);
    const PackBlock block{rows, w.k_, static_cast<const std::uint8_t*>(x) + i * stride, stride};
    if (words) widen(block, space.words);
    if (in_place) return {block.from, space.words};
    if (bytes) row.pack_bytes(block, static_cast<std::uint8_t>(w.offset_), space.bytes, byte_stride);
    return {space.bytes, space.words};
  }

  void widen(const PackBlock& block, std::int16_t* to) const {
    if (w.activations_ == CodeType::s16) {
      const PackBlock codes{block.m, 2 * w.k_, block.from, block.ld_from};
      row.pack_bytes(codes, 0, reinterpret_cast<std::uint8_t*>(to), word_stride);
    } else {
      row.widen_bytes(block, w.activations_ == CodeType::s8, to, word_stride / 2);
    }
  }

  // The sums of panel p for `rows` of a.
  void sum(std::int64_t p, const void* codes, std::int64_t rows, const Rows& a, std::int32_t* c,
           std::int64_t ldc) const {
    const auto& how = w.panels_[static_cast<std::size_t>(p)];
    const std::int32_t* start = w.starts_at_zero_ ? nullptr : w.start_.data() + p * panel;
    if (requantizer != nullptr) start = requantizer->columns_.data() + p * panel;
    if (how.words) {
      row.multiply_words({rows, how.groups, a.words, word_stride / 2, static_cast<const std::int16_t*>(codes), nullptr,
                          1, 0, start, c, ldc});
    } else {
      row.multiply_bytes({rows, how.groups, a.bytes, byte_stride, static_cast<const std::int8_t*>(codes),
                          w.group_at_.data() + how.group_at, how.depth, how.n_deep, start, c, ldc});
    }
  }

  void finish(std::int64_t i, std::int64_t rows, std::int64_t j, std::int64_t columns, const std::int32_t* c) const {
    if (requantizer == nullptr) {
      for (std::int64_t r = 0; r < rows; ++r)
        std::copy_n(c + r * panel, columns, static_cast<std::int32_t*>(y) + (i + r) * ldy + j);
      return;
    }
    const int size = code_bytes(requantizer->type_);
    row.requantize({.m = rows,
                    .n = columns,
                    .c = c,
                    .ldc = panel,
                    .columns = requantizer->columns_.data() + j,
                    .padded = requantizer->padded_,
                    .rounding = requantizer->rounding_,
                    .plain = requantizer->plain_,
                    .lowest = static_cast<std::int32_t>(requantizer->range_.lowest),
                    .highest = static_cast<std::int32_t>(requantizer->range_.highest),
                    .code_bytes = size,
                    .y = static_cast<std::byte*>(y) + (i * ldy + j) * size,
                    .ldy = ldy});
  }
};

void fixed_linear(const PackedWeights& weights, std::int64_t m, const void* x, std::int64_t ldx, std::int32_t* y,
                  std::int64_t ldy) {
  FixedProduct(weights, m, x, ldx, y, ldy).run();
}

void fixed_linear(const PackedWeights& weights, std::int64_t m, const void* x, std::int64_t ldx,
                  const Requantizer& requantizer, void* y, std::int64_t ldy) {
  FixedProduct product(weights, m, x, ldx, y, ldy);
  product.requantizer = &requantizer;
  product.run();
}

void fixed_linear(const PackedWeights& weights, std::int64_t m, const void* x, std::int64_t ldx,
                  const Dequantizer& dequantizer, float* y, std::int64_t ldy) {
  FixedProduct product(weights, m, x, ldx, y, ldy);
  product.dequantizer = &dequantizer;
  product.run();
}

void fixed_linear(const PackedWeights& weights, std::int64_t m, const void* x, std::int64_t ldx,
                  const Dequantizer& dequantizer, const Quantization& quantization, void* y, std::int64_t ldy) {
  FixedProduct product(weights, m, x, ldx, y, ldy);
  product.dequantizer = &dequantizer;
  product.quantization = &quantization;
  product.run();
}

}  // namespace ingot::engine::kernels
