// The choice of fraction bits for numbers that are known.
#include <algorithm>
#include <bit>
#include <cmath>

#include "compress/formats/elements.h"
#include "compress/formats/fixed.h"
#include "compress/formats/float_grid.h"
#include "compress/quantize/calibration.h"
#include "engine/base/error.h"
#include "engine/kernels/quantize/quantize.h"

namespace ingot::compress {
namespace {

constexpr int kLeastBits = -95, kMostBits = 126;  // that a format can have
constexpr int kZeroSigns = 12;                    // of signs of zeros, which have no best scale: a small one
constexpr int kBinShift = 16;                     // magnitudes share a bin if they agree in all but so many bits
constexpr std::size_t kBins = std::size_t{1} << (31 - kBinShift);

// The most fraction bits with which `magnitude` > 0 does not saturate, but for half a step of rounding.
int finest_without_saturation(const FixedPoint& fixed, double magnitude) {
  const double limit = static_cast<double>(fixed.codes().highest) + 0.5;
  int bits = static_cast<int>(std::floor(std::log2(limit) - std::log2(magnitude))) + 1;
  while (magnitude * exp2_of(bits) > limit) --bits;
  return bits;
}

// The sum of (x - quantised x)^2, over chunks whose order does not depend on threads.
double squared_error(FixedPoint fixed, int frac_bits, std::span<const float> x) {
  if (!fixed.rounding) fixed.rounding = engine::Rounding::nearest_even;
  const auto n = static_cast<std::int64_t>(x.size());
  std::vector<double> sums(static_cast<std::size_t>((n + kGrain - 1) / kGrain));
  engine::parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> y(static_cast<std::size_t>(end - begin));
    const float* in = x.data() + begin;
    quantize_rows(fixed, 1, end - begin, in, &frac_bits, y.data());
    double partial[4] = {};
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double error = double{in[i]} - double{y[i]};
      partial[i % 4] += error * error;
    }
    sums[static_cast<std::size_t>(begin / kGrain)] = (partial[0] + partial[1]) + (partial[2] + partial[3]);
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace

FracBitsChoice::FracBitsChoice(const Format& format, const CalibrationOptions& options)
    : format_(format), options_(options) {
  // A share of saturated magnitudes says nothing where nearly all are.
  if (as_fixed(format)->set != CodeSet::all) options_.method = CalibrationMethod::mse;
  if (options_.method == CalibrationMethod::percentile) counts_.resize(kBins);
}

void FracBitsChoice::see_range(std::span<const float> x) {
  n_ += static_cast<std::int64_t>(x.size());
  for (const float v : x) {
    largest_ = std::max(largest_, std::abs(v));
    sum_of_squares_ += double{v} * double{v};
    sum_of_magnitudes_ += std::abs(double{v});
  }
  engine::require(std::isfinite(largest_), "calibration: numbers must be finite, got {}", largest_);
  if (counts_.empty()) return;
  for (const float v : x) ++counts_[(std::bit_cast<std::uint32_t>(v) & 0x7fffffffu) >> kBinShift];
}

// Below the first candidate nothing saturates and every step is coarser. At the last one the range ends at 1/16 of the
// root mean square of the numbers, which leaves an error of at least (15/16)^2 of their squares: |x - y| >= |x| - |y|.
// The best scale of signs is a power of two beside the mean magnitude.
void FracBitsChoice::plan_candidates() {
  const FixedPoint fixed = *as_fixed(format_);
  const double rms = std::sqrt(sum_of_squares_ / static_cast<double>(n_));
  const double mean = sum_of_magnitudes_ / static_cast<double>(n_);
  const double least = fixed.set == CodeSet::binary ? std::min(mean, rms / 16) : rms / 16;
  const int first = finest_without_saturation(fixed, static_cast<double>(largest_)) - 1;
  const int last = finest_without_saturation(fixed, least) + 1;
  first_ = std::clamp(first, kLeastBits, kMostBits);
  errors_.resize(static_cast<std::size_t>(std::clamp(last, kLeastBits, kMostBits) - first_ + 1));
}

void FracBitsChoice::see_errors(std::span<const float> x) {
  if (options_.method != CalibrationMethod::mse || largest_ == 0) return;
  if (errors_.empty()) plan_candidates();
  const FixedPoint fixed = *as_fixed(format_);
  for (std::size_t i = 0; i < errors_.size(); ++i) {
    errors_[i] += squared_error(fixed, first_ + static_cast<int>(i), x);
  }
}

int FracBitsChoice::frac_bits() const {
  const FixedPoint fixed = *as_fixed(format_);
  if (largest_ == 0) return fixed.set == CodeSet::binary ? kZeroSigns : fixed.width;
  if (options_.method == CalibrationMethod::mse) {
    return first_ + static_cast<int>(std::min_element(errors_.begin(), errors_.end()) - errors_.begin());
  }
  // 99.9 percent of 1000 are 999, though 99.9 has no exact double.
  const auto wanted = static_cast<std::int64_t>(std::ceil(options_.percentile * static_cast<double>(n_) / 100 - 1e-6));
  std::int64_t seen = 0;
  std::size_t bin = 0;
  while (bin + 1 < counts_.size() && (seen += counts_[bin]) < wanted) ++bin;
  // The upper end of the bin.
  const auto end = std::bit_cast<float>(static_cast<std::uint32_t>((bin + 1) << kBinShift));
  const double magnitude = std::min(static_cast<double>(end), static_cast<double>(largest_));
  return std::clamp(finest_without_saturation(fixed, magnitude), kLeastBits, kMostBits);
}

int calibrated_frac_bits(const Format& format, std::span<const float> x, const CalibrationOptions& options) {
  FracBitsChoice choice(format, options);
  choice.see_range(x);
  choice.see_errors(x);
  return choice.frac_bits();
}

}  // namespace ingot::compress
