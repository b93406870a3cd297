#include "bench/timing.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "engine/kernels/fma_peak/fma_peak.h"

namespace ingot::bench {
namespace {

double quantile(std::vector<double>& values, double part) {
  const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size()));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

}  // namespace

double median(std::vector<double> values) { return quantile(values, 0.5); }

double spread(std::vector<double> values) {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / quantile(values, 0.5);
}

Sampler sampler(std::function<void()> run) {
  return [run = std::move(run)](int calls) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / calls;
  };
}

namespace {

// OpenMP threads of a library that was just called go on spinning for some milliseconds and keep a processor from
// whoever comes next, who therefore works so long before being timed.
constexpr double kWarmUp = 0.01;

void warm_up(const Sampler& sample) {
  double seconds = 0;
  while (seconds < kWarmUp) seconds += sample(1);
}

}  // namespace

std::vector<Series> take_turns(int rounds, double slice_seconds, int n_threads, const std::vector<Sampler>& samplers) {
  std::vector<int> calls;
  for (const Sampler& sample : samplers) {
    sample(1);
    calls.push_back(std::max(1, static_cast<int>(slice_seconds / std::max(sample(1), 1e-7))));
  }
  std::vector<Series> result(samplers.size());
  for (std::size_t round = 0; round < static_cast<std::size_t>(rounds); ++round) {
    for (std::size_t turn = 0; turn < samplers.size(); ++turn) {
      const std::size_t i = (round + turn) % samplers.size();
      if (n_threads > 1) warm_up(samplers[i]);
      result[i].limits.push_back(engine::kernels::fma_peak(n_threads));
      result[i].seconds.push_back(samplers[i](calls[i]));
    }
  }
  return result;
}

std::vector<double> shares(double flops, const Series& series) {
  std::vector<double> values;
  for (std::size_t i = 0; i < series.seconds.size(); ++i)
    values.push_back(flops / series.seconds[i] / series.limits[i]);
  return values;
}

std::vector<double> ratios(const Series& own, const Series& other) {
  std::vector<double> values;
  for (std::size_t i = 0; i < own.seconds.size(); ++i) values.push_back(other.seconds[i] / own.seconds[i]);
  return values;
}

double best_share(double flops, const Series& series) {
  return flops / *std::min_element(series.seconds.begin(), series.seconds.end()) /
         *std::max_element(series.limits.begin(), series.limits.end());
}

Series sum(const std::vector<Series>& parts) {
  Series total = parts.front();
  for (std::size_t i = 0; i < total.seconds.size(); ++i) {
    double seconds = 0.0, possible = 0.0;
    for (const Series& part : parts) {
      seconds += part.seconds[i];
      possible += part.seconds[i] * part.limits[i];
    }
    total.seconds[i] = seconds;
    total.limits[i] = possible / seconds;
  }
  return total;
}

}  // namespace ingot::bench
