// The choice of scale bits for numbers that are known.
#include "compress/formats/scale_bits.h"

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

constexpr int kZeroSigns = 12;  // of signs of zeros, which have no best scale: a small one
constexpr int kBinShift = 16;   // magnitudes share a bin if they agree in all but so many bits
constexpr std::size_t kBins = std::size_t{1} << (31 - kBinShift);

// The most scale bits with which `magnitude` > 0 does not saturate, in fixed point but for half a step of rounding.
int finest_without_saturation(const Format& format, double magnitude) {
  const std::optional<FixedPoint> fixed = as_fixed(format);
  const double limit =
      fixed ? static_cast<double>(fixed->codes().highest) + 0.5 : value_range(with_scale_bits(format, 0)).highest;
  int bits = static_cast<int>(std::floor(std::log2(limit) - std::log2(magnitude))) + 1;
  while (magnitude * exp2_of(bits) > limit) --bits;
  return bits;
}

// Fixed point in mode standard, which differs from mase in ties alone.
void quantize_with(const Format& format, Mode mode, int scale_bits, std::span<const float> x, std::span<float> y) {
  std::optional<FixedPoint> fixed = as_fixed(format);
  const engine::Shape shape{static_cast<std::int64_t>(x.size())};
  if (!fixed) return quantize(with_scale_bits(format, scale_bits), shape, x, y, {.mode = mode});
  if (!fixed->rounding) fixed->rounding = engine::Rounding::nearest_even;
  engine::parallel_for(static_cast<std::int64_t>(x.size()), kGrain, [&](std::int64_t begin, std::int64_t end) {
    quantize_rows(*fixed, 1, end - begin, x.data() + begin, &scale_bits, y.data() + begin);
  });
}

// The sum of (x - y)^2, over chunks whose order does not depend on threads.
double squared_error(std::span<const float> x, std::span<const float> y) {
  const auto n = static_cast<std::int64_t>(x.size());
  std::vector<double> sums(static_cast<std::size_t>((n + kGrain - 1) / kGrain));
  engine::parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    double partial[4] = {};
    for (std::int64_t i = begin; i < end; ++i) {
      const double error = double{x[static_cast<std::size_t>(i)]} - double{y[static_cast<std::size_t>(i)]};
      partial[(i - begin) % 4] += error * error;
    }
    sums[static_cast<std::size_t>(begin / kGrain)] = (partial[0] + partial[1]) + (partial[2] + partial[3]);
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace

ScaleChoice::ScaleChoice(const Format& format, const CalibrationOptions& options, Mode mode)
    : format_(format), options_(options), mode_(mode) {
  // A share of saturated magnitudes says nothing where nearly all are.
  const std::optional<FixedPoint> fixed = as_fixed(format);
  if (fixed && fixed->set != CodeSet::all) options_.method = CalibrationMethod::mse;
  if (options_.method == CalibrationMethod::percentile) counts_.resize(kBins);
}

void ScaleChoice::see_range(std::span<const float> x) {
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
void ScaleChoice::plan_candidates() {
  const std::optional<FixedPoint> fixed = as_fixed(format_);
  const double rms = std::sqrt(sum_of_squares_ / static_cast<double>(n_));
  const double mean = sum_of_magnitudes_ / static_cast<double>(n_);
  const double least = fixed && fixed->set == CodeSet::binary ? std::min(mean, rms / 16) : rms / 16;
  const int first = finest_without_saturation(format_, static_cast<double>(largest_)) - 1;
  const int last = finest_without_saturation(format_, least) + 1;
  const ScaleBitsRange range = scale_bits_range(format_);
  first_ = std::clamp(first, range.lowest, range.highest);
  errors_.resize(static_cast<std::size_t>(std::clamp(last, range.lowest, range.highest) - first_ + 1));
}

void ScaleChoice::see_errors(std::span<const float> x) {
  if (options_.method != CalibrationMethod::mse || largest_ == 0) return;
  if (errors_.empty()) plan_candidates();
  std::vector<float> y(x.size());
  for (std::size_t i = 0; i < errors_.size(); ++i) {
    quantize_with(format_, mode_, first_ + static_cast<int>(i), x, y);
    errors_[i] += squared_error(x, y);
  }
}

int ScaleChoice::of_zeros() const {
  const std::optional<FixedPoint> fixed = as_fixed(format_);
  if (!fixed) return usual_bias(format_);
  return fixed->set == CodeSet::binary ? kZeroSigns : fixed->width;
}

int ScaleChoice::scale_bits() const {
  if (largest_ == 0) return of_zeros();
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
  const ScaleBitsRange range = scale_bits_range(format_);
  return std::clamp(finest_without_saturation(format_, magnitude), range.lowest, range.highest);
}

int calibrated_scale_bits(const Format& format, std::span<const float> x, const CalibrationOptions& options,
                          Mode mode) {
  ScaleChoice choice(format, options, mode);
  choice.see_range(x);
  choice.see_errors(x);
  return choice.scale_bits();
}

}  // namespace ingot::compress
