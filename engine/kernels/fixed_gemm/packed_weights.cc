// How weights are checked and packed.
#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>

#include "engine/base/divide.h"
#include "engine/base/error.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/fixed_gemm/byte_panel.h"
#include "engine/kernels/fixed_gemm/fixed_gemm.h"
#include "engine/kernels/fixed_gemm/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kLine = 64;  // bytes of a cache line
constexpr std::int64_t kSumLimit = std::int64_t{1} << 31;

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

PackedWeights::PackedWeights(const FixedLayer& layer, int weight_bits, std::span<const std::int8_t> w)
    : PackedWeights(active_row(fixed_gemm_rows()), layer, weight_bits, w) {}

PackedWeights::PackedWeights(const FixedLayer& layer, std::span<const std::int16_t> w)
    : PackedWeights(active_row(fixed_gemm_rows()), layer, w) {}

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
    starts_at_zero_ &= start == 0;
  }
}

}  // namespace ingot::engine::kernels
