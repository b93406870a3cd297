// Timing against the arithmetic limit, measured between the slices of the timing: a virtual machine's speed changes
// from one second to the next, and its neighbours steal time from some slices.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "engine/kernels/peak/fma_peak.h"

namespace ingot::bench {

inline constexpr int kSlices = 25;
inline constexpr double kSliceSeconds = 0.002;

// Times `run`, of `flops` floating-point operations on n_threads threads, in slices of about kSliceSeconds or one call.
// Reports the mean time of a call, its FLOP/s, and two shares of the arithmetic limit in percent: `peak`, the median
// over the slices of each against the fma_peak just before it, and `best`, the fastest slice against the highest
// fma_peak. Register with UseManualTime() and Iterations(kSlices).
template <class Run>
void measure(benchmark::State& state, double flops, int n_threads, const Run& run) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_of = [&](int calls) {
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i) run();
    return std::chrono::duration<double>(Clock::now() - begin).count() / calls;
  };
  run();
  const int calls = std::max(1, static_cast<int>(kSliceSeconds / std::max(seconds_of(1), 1e-7)));
  double peak = 0.0, fastest = 1e9;
  std::vector<double> shares;
  for (auto slice : state) {
    const double limit = engine::kernels::fma_peak(n_threads);
    peak = std::max(peak, limit);
    const double seconds = seconds_of(calls);
    shares.push_back(flops / seconds / limit);
    fastest = std::min(fastest, seconds);
    state.SetIterationTime(seconds);
  }
  state.counters["FLOP/s"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
  std::nth_element(shares.begin(), shares.begin() + static_cast<std::ptrdiff_t>(shares.size() / 2), shares.end());
  state.counters["peak"] = 100.0 * shares[shares.size() / 2];
  state.counters["best"] = 100.0 * flops / fastest / peak;
}

}  // namespace ingot::bench
