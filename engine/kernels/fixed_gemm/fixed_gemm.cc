// How weights are packed, and how products are cut into tasks: by shape alone, never by the number of threads.
#include "engine/kernels/fixed_gemm/fixed_gemm.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/scratch.h"
#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/fixed_gemm/byte_panel.h"
#include "engine/kernels/fixed_gemm/table.h"
#include "engine/kernels/quantize/table.h"

namespace ingot::engine::kernels {
namespace {

#if defined(__x86_64__)
constexpr const FixedGemmRow* kRows[] = {&kFixedGemmAvx512Vnni, &kFixedGemmAvx512, &kFixedGemmAvxVnni, &kFixedGemmAvx2,
                                         &kFixedGemmReference};
#else
constexpr const FixedGemmRow* kRows[] = {&kFixedGemmReference};
#endif

constexpr std::int64_t kTaskRows = 168;       // packed by one task: a multiple of every tile's height
constexpr std::int64_t kTaskCodes = 1 << 18;  // of weights in one task: they stay in the second-level cache
constexpr std::int64_t kTaskWork = 1 << 21;   // products worth waking a thread for: some 10 us
constexpr std::int64_t kLine = 64;            // bytes of a cache line
constexpr std::int64_t kUnit = 32;            // bytes in 8 groups, the deepest unit
constexpr std::int64_t kSumLimit = std::int64_t{1} << 31;
constexpr std::int64_t kFloatLimit = std::int64_t{1} << 24;  // integers up to here are float32
constexpr std::int32_t kLowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kHighest = std::numeric_limits<std::int32_t>::max();

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

const FixedGemmRow& best_row() {
  static const FixedGemmRow& row = active_row(fixed_gemm_rows());
  return row;
}

// Groups of two words of every channel.
template <class Code>
void put_words(std::int64_t panel, std::int64_t k, const Code* codes, std::byte* to) {
  for (std::int64_t i = 0; i < round_up(k, 2) * panel; ++i) {
    const std::int64_t j = i / 2 % panel, p = i / (2 * panel) * 2 + i % 2;
    const std::int16_t wide = p < k ? codes[j * k + p] : Code{0};
    std::memcpy(to + 2 * i, &wide, sizeof wide);
  }
}

// Two codes a byte, as table.h says, group after group.
void put_nibbles(std::int64_t group_size, std::span<const std::int8_t> codes, std::byte* to) {
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(codes.size()); ++i) {
    const std::int64_t in_group = i % group_size, half = group_size / 2;
    std::byte& pair = to[i / group_size * half + in_group % half];
    pair |= static_cast<std::byte>((codes[static_cast<std::size_t>(i)] + 8) << (in_group < half ? 0 : 4));
  }
}

}  // namespace

std::span<const FixedGemmRow* const> fixed_gemm_rows() { return kRows; }

PackedWeights::PackedWeights(const FixedLayer& layer, int weight_bits, std::span<const std::int8_t> w)
    : PackedWeights(best_row(), layer, weight_bits, w) {}

PackedWeights::PackedWeights(const FixedLayer& layer, std::span<const std::int16_t> w)
    : PackedWeights(best_row(), layer, w) {}

PackedWeights::PackedWeights(const FixedGemmRow& row, const FixedLayer& layer, int weight_bits,
                             std::span<const std::int8_t> w)
    : row_(&row), n_(layer.n), k_(layer.k), activations_(layer.activations), weight_bits_(weight_bits), offset_(0) {
  require(weight_bits == 4 || weight_bits == 8, "layer '{}': weights in bytes have 4 or 8 bits, got {}", layer.name,
          weight_bits);
  require(layer.activations == CodeType::s8 || layer.activations == CodeType::u8,
          "layer '{}': weights of {} bits need activations of 8 bits, got {}", layer.name, weight_bits,
          8 * code_bytes(layer.activations));
  pack(layer, w);
}

PackedWeights::PackedWeights(const FixedGemmRow& row, const FixedLayer& layer, std::span<const std::int16_t> w)
    : row_(&row), n_(layer.n), k_(layer.k), activations_(layer.activations), weight_bits_(16), offset_(0) {
  require(layer.activations == CodeType::s16, "layer '{}': weights of 16 bits need activations of 16 bits, got {}",
          layer.name, 8 * code_bytes(layer.activations));
  pack(layer, w);
}

std::size_t PackedWeights::bytes() const {
  return weight_bytes() + panels_.size() * sizeof(Panel) + group_at_.size() * sizeof(std::int32_t) +
         start_.size() * sizeof(std::int32_t) + bounds_.size() * sizeof(std::int64_t);
}

template <class Code>
void PackedWeights::check(const FixedLayer& layer, std::span<const Code> w) {
  require(n_ >= 1 && k_ >= 1, "layer '{}': channels and inputs must be at least 1, got {} and {}", layer.name, n_, k_);
  require(static_cast<std::int64_t>(w.size()) == n_ * k_, "layer '{}': {} x {} weights expected, got {}", layer.name,
          n_, k_, w.size());
  require(layer.bias.empty() || static_cast<std::int64_t>(layer.bias.size()) == n_,
          "layer '{}': a bias has one value for each of {} channels, got {}", layer.name, n_, layer.bias.size());
  const CodeRange type = code_range(activations_), range = layer.activation_range;
  require(type.lowest <= range.lowest && range.lowest <= 0 && 0 <= range.highest && range.highest <= type.highest,
          "layer '{}': activations must keep a range around 0 within {} .. {}, got {} .. {}", layer.name, type.lowest,
          type.highest, range.lowest, range.highest);
  const CodeRange codes = code_range(weight_bits_, true);
  const std::int64_t largest = std::max(-range.lowest, range.highest);
  for (std::int64_t j = 0; j < n_; ++j) {
    std::int64_t sum = 0;
    for (const Code code : w.subspan(static_cast<std::size_t>(j * k_), static_cast<std::size_t>(k_))) {
      require(code == saturate(code, codes), "layer '{}' channel {}: weights of {} bits are in {} .. {}, got {}",
              layer.name, j, weight_bits_, codes.lowest, codes.highest, code);
      sum += std::abs(std::int64_t{code});
    }
    const std::int64_t bias = layer.bias.empty() ? 0 : layer.bias[static_cast<std::size_t>(j)];
    const std::int64_t bound = largest * sum + std::abs(bias);
    require(bound < kSumLimit,
            "layer '{}' channel {}: sums must stay below {}, got {} (activations up to {}, sum of |weights| {}, bias "
            "{})",
            layer.name, j, kSumLimit, bound, largest, sum, bias);
    bounds_.push_back(bound);
  }
}

template <class Code>
void PackedWeights::pack(const FixedLayer& layer, std::span<const Code> w) {
  check(layer, w);
  if (activations_ == CodeType::s8) offset_ = static_cast<int>(-layer.activation_range.lowest);
  start_.assign(static_cast<std::size_t>(round_up(n_, row_->panel)), 0);
  for (std::int64_t j = 0; j < n_; j += row_->panel) pack_panel(layer, w.data(), j);
}

template <class Code>
void PackedWeights::pack_panel(const FixedLayer& layer, const Code* w, std::int64_t first) {
  const std::int64_t panel = row_->panel, highest = layer.activation_range.highest + offset_;
  const std::int64_t n_channels = std::min(panel, n_ - first);
  std::vector<Code> codes(static_cast<std::size_t>(panel * k_), 0);
  std::copy_n(w + first * k_, n_channels * k_, codes.begin());
  BytePanel bytes;
  if constexpr (sizeof(Code) == 1) bytes = arrange_bytes(panel, k_, highest, row_->wide_bytes, codes);
  const bool words = bytes.depth == 0;
  assert(!(words && weight_bits_ == 4));  // 255 (8 + 8) fits
  const auto n_groups = words ? ceil_div(k_, 2) : static_cast<std::int64_t>(bytes.group_at.size());
  panels_.push_back({static_cast<std::int64_t>(blocks_.size()), words, bytes.depth, bytes.n_deep, n_groups,
                     static_cast<std::int64_t>(group_at_.size())});
  group_at_.insert(group_at_.end(), bytes.group_at.begin(), bytes.group_at.end());
  const std::int64_t size = n_groups * panel * (weight_bits_ == 4 ? 2 : 4);
  blocks_.resize(blocks_.size() + static_cast<std::size_t>(ceil_div(size, kLine)));
  std::byte* to = blocks_[static_cast<std::size_t>(panels_.back().block)].bytes;
  if (words) {
    put_words(panel, k_, codes.data(), to);
  } else if (weight_bits_ == 4) {
    put_nibbles(4 * panel, bytes.codes, to);
  } else {
    std::memcpy(to, bytes.codes.data(), bytes.codes.size());
  }
  for (std::int64_t j = first; j < first + n_channels; ++j) {
    std::uint32_t start = layer.bias.empty() ? 0 : static_cast<std::uint32_t>(layer.bias[static_cast<std::size_t>(j)]);
    for (std::int64_t p = 0; p < k_ && !words; ++p) start -= static_cast<std::uint32_t>(offset_ * w[j * k_ + p]);
    start_[static_cast<std::size_t>(j)] = static_cast<std::int32_t>(start);
  }
}

Requantizer::Requantizer(const PackedWeights& weights, const Requantization& how)
    : type_(how.type),
      rounding_(how.rounding),
      range_(how.range),
      padded_(static_cast<std::int64_t>(weights.start_.size())),
      columns_(weights.start_.size() * kRequantizeColumns, 0) {
  require(how.shifts.size() == 1 || static_cast<std::int64_t>(how.shifts.size()) == weights.n(),
          "requantisation: 1 shift, or one for each of {} channels, expected, got {}", weights.n(), how.shifts.size());
  require(type_ != CodeType::s32, "requantisation: codes have 8 or 16 bits, got 32");
  const CodeRange type = code_range(type_);
  require(type.lowest <= range_.lowest && range_.lowest <= range_.highest && range_.highest <= type.highest,
          "requantisation: codes must be in {} .. {}, got {} .. {}", type.lowest, type.highest, range_.lowest,
          range_.highest);
  for (std::int64_t j = 0; j < weights.n(); ++j) {
    set_channel(j, how.shifts[how.shifts.size() == 1 ? 0 : static_cast<std::size_t>(j)], weights.bound(j));
  }
  for (std::int64_t j = 0; j < padded_; ++j) {
    const auto at = static_cast<std::size_t>(j);
    const std::uint32_t half =
        plain_
            ? static_cast<std::uint32_t>(
                  columns_[at + static_cast<std::size_t>(padded_) * static_cast<std::size_t>(RequantizeColumn::half)])
            : 0;
    columns_[at] = static_cast<std::int32_t>(static_cast<std::uint32_t>(weights.start_[at]) + half);
  }
}

void Requantizer::set_channel(std::int64_t channel, int shift, std::int64_t bound) {
  const auto column = [&](RequantizeColumn which) -> std::int32_t& {
    return columns_[static_cast<std::size_t>(static_cast<int>(which) * padded_ + channel)];
  };
  const bool to_nearest = rounding_ != Rounding::floor;
  std::int32_t right = std::clamp(shift, 0, 31), below = kLowest, above = kHighest;
  if (shift < 0) {  // a sum of 17 bits, or of 1 bit at 15 more, is beyond all codes of 16 bits
    column(RequantizeColumn::left) = std::min(-std::max(shift, -15), 15);
    below = -65535;
    above = 65535;
    plain_ = false;
  } else if (shift > 31 && to_nearest) {  // less than half
    right = below = above = 0;
    plain_ = false;
  } else if (right > 0 && to_nearest && bound + (std::int64_t{1} << (right - 1)) >= kSumLimit) {
    plain_ = false;
    if (right == 1) {
      above = kHighest - 1;  // beyond all codes, as is the highest sum
    } else {
      column(RequantizeColumn::sticky) = 1;
      --right;
    }
  }
  const std::int32_t half = right > 0 && to_nearest ? std::int32_t{1} << (right - 1) : 0;
  column(RequantizeColumn::shift) = shift;
  column(RequantizeColumn::right) = right;
  column(RequantizeColumn::half) = half;
  column(RequantizeColumn::below) = below;
  column(RequantizeColumn::above) = above;
  if (rounding_ == Rounding::nearest_even) {
    column(RequantizeColumn::test) = right > 0 ? kHighest >> (31 - right) : -1;
  } else {
    column(RequantizeColumn::test) = right > 0 ? half : kLowest;
  }
}

Dequantizer::Dequantizer(const PackedWeights& weights, const Dequantization& how)
    : activation_(how.activation),
      factors_(weights.start_.size(), 0),
      biases_(weights.start_.size(), 0),
      wide_factors_(weights.start_.size(), 0) {
  const auto n = static_cast<std::size_t>(weights.n());
  require(how.frac_bits.size() == 1 || how.frac_bits.size() == n,
          "dequantisation: 1 number of fraction bits, or one for each of {} channels, expected, got {}", n,
          how.frac_bits.size());
  require(how.bias.empty() || how.bias.size() == n, "dequantisation: a bias for each of {} channels expected, got {}",
          n, how.bias.size());
  std::copy(how.bias.begin(), how.bias.end(), biases_.begin());
  for (std::size_t j = 0; j < n; ++j) {
    const int bits = std::clamp(how.frac_bits[how.frac_bits.size() == 1 ? 0 : j], -512, 512);
    wide_factors_[j] = power_of_two(-bits);
    factors_[j] = static_cast<float>(wide_factors_[j]);
    // Multiples of the smallest float32, and far from the largest: only the sum with the bias is rounded.
    plain_ &= bits >= -100 && bits <= 126 && weights.bounds_[j] <= kFloatLimit;
  }
}

std::size_t Dequantizer::bytes() const {
  return (factors_.size() + biases_.size()) * sizeof(float) + wide_factors_.size() * sizeof(double);
}

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
    const std::int64_t rows = std::min(m, kTaskRows), n_down = ceil_div(m, rows), size = w.k_ * panel;
    const std::int64_t most = n_down > 1 ? std::max<std::int64_t>(1, kTaskCodes / size) : 1;
    const std::int64_t across = std::min(n_panels, std::max(most, ceil_div(kTaskWork, rows * size)));
    parallel_for(n_down * ceil_div(n_panels, across), 1, [&](std::int64_t task, std::int64_t) {
      const std::int64_t i = task % n_down * rows, first = task / n_down * across;
      multiply(i, std::min(m, i + rows), first, std::min(n_panels, first + across));
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
    const std::int32_t* start = (requantizer == nullptr ? w.start_.data() : requantizer->columns_.data()) + p * panel;
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
