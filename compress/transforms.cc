#include "compress/transforms.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "compress/formats/fake_quantize.h"
#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"
#include "compress/formats/straight_through.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/kernels/quantize/quantize.h"

namespace ingot::compress {
namespace {

using engine::Tensor;
using engine::Variable;
using Rows = const std::vector<std::int32_t>*;

// |x| as a number that sorts as |x| does. Signed numbers are what SSE2 compares.
std::int32_t magnitude_bits(float x) { return std::bit_cast<std::int32_t>(x) & 0x7fffffff; }

std::int64_t count_at_least(std::span<const std::int32_t> magnitudes, std::int32_t least) {
  std::int32_t n = 0;
  for (const std::int32_t magnitude : magnitudes) n += magnitude >= least;
  return n;
}

// A number that the n_kept largest magnitudes reach, and others only where they equal the smallest of these. Found bit
// by bit from the top, until it parts them. n_kept >= 1.
std::int32_t least_kept(std::span<const std::int32_t> magnitudes, std::int64_t n_kept) {
  std::int32_t found = 0;
  for (int bit = 30; bit >= 0; --bit) {
    const std::int32_t candidate = found | 1 << bit;
    const std::int64_t n = count_at_least(magnitudes, candidate);
    if (n >= n_kept) found = candidate;
    if (n == n_kept) break;
  }
  return found;
}

void mask_row(const float* x, std::int64_t n_kept, std::span<std::int32_t> magnitudes, float* mask) {
  std::transform(x, x + magnitudes.size(), magnitudes.begin(), magnitude_bits);
  const std::int32_t least = least_kept(magnitudes, n_kept);
  for (std::size_t i = 0; i < magnitudes.size(); ++i) mask[i] = magnitudes[i] >= least ? 1.0f : 0.0f;
  std::int64_t n_too_many = count_at_least(magnitudes, least) - n_kept;  // of those that equal the smallest, the last
  for (std::size_t i = magnitudes.size(); n_too_many > 0; --i) {
    if (magnitudes[i - 1] != least) continue;
    mask[i - 1] = 0;
    --n_too_many;
  }
}

// x where kept is 1, 0 where it is 0; in integers, so that a loop of it needs no branch.
float kept_or_zero(float x, float kept) {
  const std::uint32_t all_bits = 0u - static_cast<std::uint32_t>(std::bit_cast<std::uint32_t>(kept) != 0);
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & all_bits);
}

// Row r of x with fraction bits of its own.
Variable quantize_channels(const Variable& x, const Quantizer& quantizer) {
  const FixedPoint fixed = *as_fixed(quantizer.format);
  const auto n_rows = static_cast<std::int64_t>(quantizer.channel_frac_bits.size());
  const std::int64_t n = x.value().size() / n_rows;
  Tensor y = Tensor::empty(x.shape());
  quantize_rows(fixed, n_rows, n, x.value().data(), quantizer.channel_frac_bits.data(), y.data());
  if (!quantizer.clip) {
    return engine::record(std::move(y), {x}, [x](const Tensor& dy, Rows rows) { send_back(x, dy, rows); });
  }
  std::vector<engine::FixedRange> ranges;
  for (const int frac_bits : quantizer.channel_frac_bits) {
    ranges.push_back(fixed.range(frac_bits));
  }
  return engine::record(std::move(y), {x}, [x, n, ranges = std::move(ranges)](const Tensor& dy, Rows rows) {
    send_back(x, dy, rows, [&ranges, n, in = x.value().data()](std::int64_t i, float g) {
      const auto [lowest, highest] = ranges[static_cast<std::size_t>(i / n)];
      const double v = in[i];
      return (v >= lowest) & (v <= highest) ? g : 0.0f;
    });
  });
}

}  // namespace

Variable masked(const Variable& x, const Tensor& mask) {
  Tensor y = Tensor::empty(x.shape());
  const float *in = x.value().data(), *kept = mask.data();
  float* out = y.data();
  engine::parallel_for(y.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = kept_or_zero(in[i], kept[i]);
  });
  return engine::record(std::move(y), {x}, [x, mask](const Tensor& dy, Rows rows) {
    send_back(x, dy, rows, [kept = mask.data()](std::int64_t i, float g) { return kept_or_zero(g, kept[i]); });
  });
}

std::int64_t kept_of_row(std::int64_t n, double sparsity) {
  return n - std::llround(sparsity * static_cast<double>(n));
}

Tensor largest_of_rows(const Tensor& x, std::int64_t n_kept) {
  if (n_kept <= 0) return Tensor::zeros(x.shape());
  Tensor mask = Tensor::empty(x.shape());
  const std::int64_t n = x.columns();
  engine::parallel_for(x.n_rows(), std::max<std::int64_t>(1, kGrain / n), [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::int32_t> magnitudes(static_cast<std::size_t>(n));
    for (std::int64_t r = begin; r < end; ++r) mask_row(x.data() + r * n, n_kept, magnitudes, mask.data() + r * n);
  });
  return mask;
}

Variable fake_quantize(const Variable& x, const Quantizer& quantizer, bool is_batch) {
  if (!quantizer.channel_frac_bits.empty()) return quantize_channels(x, quantizer);
  QuantizeOptions options{.mode = quantizer.mode, .is_batch = is_batch};
  if (is_stochastic(quantizer.format)) {
    const std::span<const float> values = x.value().span();
    options.seed = engine::content_hash({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
    options.stream = static_cast<std::uint64_t>(engine::Stream::rounding) << 56;
  }
  return fake_quantize(x, quantizer.format, options, quantizer.clip);
}

bool keeps_zero(const Quantizer& quantizer) {
  // A scale taken from zeros alone would be 0 itself, and one from 1 and 0 alone may take back from 0 what it gave.
  const float x[] = {1, 0, 0.3f, -1.7f};
  float y[4];
  quantize(quantizer.format, {1, 4}, x, y, {.mode = quantizer.mode});
  return y[1] == 0;
}

}  // namespace ingot::compress
