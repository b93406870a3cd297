#include "engine/kernels/fixed_gemm/wide.h"

#include <algorithm>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::engine::kernels {
namespace {

constexpr CodeRange kCodes{-32768, 65535};
constexpr std::int64_t kSumLimit = std::int64_t{1} << 31;
constexpr std::int64_t kRows = 256;  // multiplied at a time: their sums stay in the second-level cache

struct Halves {
  std::vector<std::int16_t> high, low;
};

// w = 256 high + low with low in -128 .. 127.
Halves halves_of(std::span<const std::int32_t> w) {
  Halves halves;
  for (const std::int32_t code : w) {
    const std::int32_t high = (code + 128) >> 8;
    halves.high.push_back(static_cast<std::int16_t>(high));
    halves.low.push_back(static_cast<std::int16_t>(code - 256 * high));
  }
  return halves;
}

// The columns [from, to) of w[n,k].
std::vector<std::int16_t> columns(std::span<const std::int16_t> w, std::int64_t k, std::int64_t from, std::int64_t to) {
  std::vector<std::int16_t> part;
  for (std::size_t row = 0; row < w.size(); row += static_cast<std::size_t>(k))
    part.insert(part.end(), w.begin() + static_cast<std::ptrdiff_t>(row) + from,
                w.begin() + static_cast<std::ptrdiff_t>(row) + to);
  return part;
}

// The longest run of inputs, by halving k, over which no channel's sum can leave 32 bits.
std::int64_t run_length(std::span<const std::int16_t> w, std::int64_t k, std::int64_t largest) {
  const auto fits = [&](std::int64_t length) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      const auto p = static_cast<std::int64_t>(i) % k;
      if (p % length == 0) sum = 0;
      sum += std::abs(std::int64_t{w[i]});
      if (largest * sum >= kSumLimit) return false;
    }
    return true;
  };
  std::int64_t length = k;
  while (!fits(length)) length = (length + 1) / 2;  // a single product fits: 32768 256
  return length;
}

}  // namespace

WideWeights::WideWeights(std::string_view name, std::int64_t n, std::int64_t k, CodeRange activations,
                         std::span<const std::int32_t> w)
    : n_(n), k_(k), offset_(activations.highest > 32767 ? 32768 : 0), start_(static_cast<std::size_t>(n), 0) {
  require(n >= 1 && k >= 1, "layer '{}': channels and inputs must be at least 1, got {} and {}", name, n, k);
  require(static_cast<std::int64_t>(w.size()) == n * k, "layer '{}': {} x {} weights expected, got {}", name, n, k,
          w.size());
  require(kCodes.lowest <= activations.lowest && activations.lowest <= 0 && 0 <= activations.highest &&
              activations.highest <= kCodes.highest && activations.lowest + 65535 >= activations.highest,
          "layer '{}': activations must keep a range around 0 of 16 bits, got {} .. {}", name, activations.lowest,
          activations.highest);
  for (std::size_t i = 0; i < w.size(); ++i) {
    require(w[i] == saturate(w[i], kCodes), "layer '{}': weights are in {} .. {}, got {}", name, kCodes.lowest,
            kCodes.highest, w[i]);
    start_[i / static_cast<std::size_t>(k)] += offset_ * w[i];
  }
  const CodeRange range{activations.lowest - offset_, activations.highest - offset_};
  const CodeRange around_0{std::min<std::int64_t>(range.lowest, 0), std::max<std::int64_t>(range.highest, 0)};
  const std::int64_t largest = std::max(-around_0.lowest, around_0.highest);
  const auto [high, low] = halves_of(w);
  for (const auto& [half, shift] : {std::pair{&high, 8}, std::pair{&low, 0}}) {
    const std::int64_t length = run_length(*half, k, largest);
    for (std::int64_t from = 0; from < k; from += length) {
      const std::int64_t to = std::min(k, from + length);
      const FixedLayer layer{name, n, to - from, CodeType::s16, around_0};
      parts_.push_back({from, shift, PackedWeights(layer, columns(*half, k, from, to))});
    }
  }
}

std::size_t WideWeights::weight_bytes() const {
  std::size_t total = 0;
  for (const Part& part : parts_) total += part.weights.weight_bytes();
  return total;
}

void WideWeights::multiply(std::int64_t m, const std::int32_t* x, std::int64_t ldx, std::int64_t* y,
                           std::int64_t ldy) const {
  std::vector<std::int16_t> codes(static_cast<std::size_t>(std::min(m, kRows) * k_));
  std::vector<std::int32_t> sums(static_cast<std::size_t>(std::min(m, kRows) * n_));
  for (std::int64_t i0 = 0; i0 < m; i0 += kRows) {
    const std::int64_t rows = std::min(kRows, m - i0);
    parallel_for(rows, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        std::copy(start_.begin(), start_.end(), y + (i0 + i) * ldy);
        std::transform(x + (i0 + i) * ldx, x + (i0 + i) * ldx + k_, codes.begin() + i * k_,
                       [&](std::int32_t code) { return static_cast<std::int16_t>(code - offset_); });
      }
    });
    for (const Part& part : parts_) {
      fixed_linear(part.weights, rows, codes.data() + part.from, k_, sums.data(), n_);
      parallel_for(rows, 16, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          for (std::int64_t j = 0; j < n_; ++j)
            y[(i0 + i) * ldy + j] += std::int64_t{sums[static_cast<std::size_t>(i * n_ + j)]} * (1 << part.shift);
        }
      });
    }
  }
}

}  // namespace ingot::engine::kernels
