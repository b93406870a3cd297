#include "compress/formats/scales.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "compress/formats/elements.h"

namespace ingot::compress {
namespace {

struct Sum {
  double total = 0;
  std::int64_t count = 0;
};

// Eight running sums, so that additions need not wait for each other; a mask and no branch, which would be guessed
// wrong.
Sum sum_above(double bound, const float* x, std::int64_t n) {
  constexpr double most = std::numeric_limits<float>::max();
  double totals[8] = {};
  std::int64_t counts[8] = {};
  const auto add = [&](std::int64_t i, std::int64_t j) {
    const double magnitude = std::fabs(static_cast<double>(x[i + j])), a = magnitude > most ? most : magnitude;
    const auto in = static_cast<std::int64_t>(!(a <= bound));  // a NaN is
    totals[j] += std::bit_cast<double>(std::bit_cast<std::int64_t>(a) & -in);
    counts[j] += in;
  };
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::int64_t j = 0; j < 8; ++j) add(i, j);
  }
  for (std::int64_t j = 0; i + j < n; ++j) add(i, j);
  Sum sum;
  for (int j = 0; j < 8; ++j) sum.total += totals[j], sum.count += counts[j];
  return sum;
}

}  // namespace

Groups groups_of(const engine::Shape& shape, Scale scale, bool is_batch) {
  const std::int64_t n = shape.size();
  if (shape.rank() == 0 || n == 0 || (scale != Scale::channel && !is_batch)) return {1, n};
  return {shape[0], n / shape[0]};
}

std::vector<double> mean_magnitudes(Groups groups, const float* x, const std::vector<double>* above) {
  const std::int64_t n_chunks = std::max<std::int64_t>(1, (groups.size + kGrain - 1) / kGrain);
  std::vector<Sum> sums(static_cast<std::size_t>(groups.count * n_chunks));
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, groups.size));
  engine::parallel_for(groups.count * n_chunks, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t group = i / n_chunks, from = i % n_chunks * kGrain;
      const double bound = above == nullptr ? -1.0 : (*above)[static_cast<std::size_t>(group)];
      sums[static_cast<std::size_t>(i)] =
          sum_above(bound, x + group * groups.size + from, std::min(kGrain, groups.size - from));
    }
  });
  std::vector<double> means(static_cast<std::size_t>(groups.count));
  for (std::size_t group = 0; group < means.size(); ++group) {
    Sum all;
    for (std::size_t chunk = 0; chunk < static_cast<std::size_t>(n_chunks); ++chunk) {
      const Sum& part = sums[group * static_cast<std::size_t>(n_chunks) + chunk];
      all.total += part.total, all.count += part.count;
    }
    means[group] = all.count == 0 ? 0.0 : all.total / static_cast<double>(all.count);
  }
  return means;
}

double scale_bits(const engine::Shape& shape, Scale scale) {
  if (scale == Scale::none) return 0;
  return 32.0 * static_cast<double>(groups_of(shape, scale, false).count) /
         static_cast<double>(std::max<std::int64_t>(1, shape.size()));
}

}  // namespace ingot::compress
