// What becomes of the sums of a layer: codes of fewer bits, or floats.
#include <algorithm>
#include <limits>

#include "engine/base/error.h"
#include "engine/kernels/fixed_gemm/fixed_gemm.h"
#include "engine/kernels/fixed_gemm/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kSumLimit = std::int64_t{1} << 31;
constexpr std::int64_t kFloatLimit = std::int64_t{1} << 24;  // integers up to here are float32
constexpr std::int32_t kLowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kHighest = std::numeric_limits<std::int32_t>::max();

}  // namespace

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

}  // namespace ingot::engine::kernels
