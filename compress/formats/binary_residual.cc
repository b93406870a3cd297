// binary_residual(L): greedily, the sign of x, then that of what is left, L times, each with a scale of its own.
// (Ghasemzadeh, Samragh, Koushanfar: ReBNet, Residual Binarized Neural Network, FCCM 2018.) The scale of a level is the
// mean of what is left before it; binary_residual.h has scales that are learned.
#include "compress/formats/binary_residual.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "compress/formats/elements.h"
#include "compress/formats/scales.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

constexpr int kMaxLevels = 8;

constexpr ParameterRule kRules[] = {
    {.name = "levels", .lowest = 1, .highest = kMaxLevels},
};

struct Alphas {
  std::array<float, kMaxLevels> values{};
  int count = 0;
};

float sign(float x) { return x < 0.0f ? -1.0f : 1.0f; }

// The sum, within float32; NaN stays.
float approximate(const Alphas& alphas, float x) {
  float sum = 0, left = x;
  for (int l = 0; l < alphas.count; ++l) {
    const float term = alphas.values[static_cast<std::size_t>(l)] * sign(left);
    sum += term;
    left -= term;
  }
  constexpr float most = std::numeric_limits<float>::max();
  return x != x ? x : std::clamp(sum, -most, most);
}

// The scale of each level is the mean |x - sum of the levels before|, for each group.
std::vector<Alphas> fitted(const QuantizeCall& call, Groups groups, int levels) {
  std::vector<Alphas> alphas(static_cast<std::size_t>(groups.count));
  std::vector<float> left(call.x, call.x + call.n);
  const QuantizeCall rest{call.format, call.shape, call.n, left.data(), left.data(), call.options};
  for (int l = 0; l < levels; ++l) {
    const std::vector<double> means = mean_magnitudes(groups, left.data());
    for (std::size_t g = 0; g < alphas.size(); ++g) {
      alphas[g].values[static_cast<std::size_t>(alphas[g].count++)] = static_cast<float>(means[g]);
    }
    if (l + 1 == levels) break;
    map_groups(rest, groups.size, [&](std::size_t g) {
      return [alpha = static_cast<float>(means[g])](float r) { return r - alpha * sign(r); };
    });
  }
  return alphas;
}

// MASE's first values, (L, .., 1) / (L + .. + 1), which training then changes.
Alphas initial(int levels) {
  Alphas alphas{.count = levels};
  const float sum = static_cast<float>(levels * (levels + 1) / 2);
  for (int l = 0; l < levels; ++l) alphas.values[static_cast<std::size_t>(l)] = static_cast<float>(levels - l) / sum;
  return alphas;
}

void quantize_residual(const QuantizeCall& call) {
  const int levels = call.format.integer(0);
  const bool fits = call.options.mode == Mode::standard;
  const Groups groups = fits ? groups_of(call.shape, Scale::tensor, call.options.is_batch) : Groups{1, call.n};
  const std::vector<Alphas> alphas = fits ? fitted(call, groups, levels) : std::vector{initial(levels)};
  map_groups(call, groups.size,
             [&](std::size_t group) { return [one = alphas[group]](float x) { return approximate(one, x); }; });
}

ValueRange range(const Format&) { return {-1, 1}; }  // of the gradient: the sums themselves reach as far as the scales
double bits(const Format& f, const engine::Shape& shape) { return f[0] * (1 + scale_bits(shape, Scale::tensor)); }

}  // namespace

engine::Variable binary_residual(const engine::Variable& x, const engine::Variable& alphas) {
  const std::int64_t n = x.value().size(), levels = alphas.value().size();
  engine::require(levels >= 1 && levels <= kMaxLevels,
                  "binary_residual: alphas must be between 1 and {} numbers, got {}", kMaxLevels, levels);
  Alphas scales{.count = static_cast<int>(levels)};
  std::copy_n(alphas.value().data(), levels, scales.values.begin());
  engine::Tensor y = engine::Tensor::empty(x.shape());
  engine::parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y.data()[i] = approximate(scales, x.value().data()[i]);
  });
  return engine::record(std::move(y), {x, alphas}, [=](const engine::Tensor& dy) {
    const float* in = x.value().data();
    if (x.requires_gradient()) {
      engine::Tensor dx = engine::Tensor::empty(dy.shape());
      for (std::int64_t i = 0; i < n; ++i) dx.data()[i] = std::fabs(in[i]) <= 1.0f ? dy.data()[i] : 0.0f;
      x.add_gradient(dx);
    }
    if (!alphas.requires_gradient()) return;
    std::array<double, kMaxLevels> sums{};
    for (std::int64_t i = 0; i < n; ++i) {
      float left = in[i];
      for (std::size_t l = 0; l < static_cast<std::size_t>(levels); ++l) {
        sums[l] += static_cast<double>(dy.data()[i]) * static_cast<double>(sign(left));
        left -= scales.values[l] * sign(left);
      }
    }
    engine::Tensor gradient = engine::Tensor::empty(alphas.shape());
    for (std::size_t l = 0; l < static_cast<std::size_t>(levels); ++l) gradient.data()[l] = static_cast<float>(sums[l]);
    alphas.add_gradient(gradient);
  });
}

extern const FormatKind kBinaryResidual{
    .name = "binary_residual",
    .summary = "a sum of signs, each of what the ones before leave",
    .example = "binary_residual(2)",
    .rules = kRules,
    .quantize = quantize_residual,
    .range = range,
    .bits = bits,
    .mase_gap = no_gap,
    .always_clips = true,
};

}  // namespace ingot::compress
