// A Google Benchmark timed against the arithmetic limit and against other libraries in the same slices of time.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/timing.h"

namespace ingot::bench {

inline constexpr int kSlices = 25;
inline constexpr double kSliceSeconds = 0.002;

struct Rival {
  std::string name;
  std::function<void()> run;
};

// Times `run`, of `flops` floating-point operations on n_threads threads, and the rivals in turns (take_turns). Reports
// the mean time of a call of `run`, its FLOP/s, and two shares of the arithmetic limit in percent: `peak`, the median
// over the slices of each against the fma_peak just before it, and `best`, the fastest slice against the highest
// fma_peak. `spread` is that of the time of a call, in percent; `vs_<name>` the median over the slices of a rival's
// time over ours. Register with UseManualTime() and Iterations(kSlices).
template <class Run>
void measure(benchmark::State& state, double flops, int n_threads, const Run& run,
             const std::vector<Rival>& rivals = {}) {
  std::vector<Sampler> samplers{sampler(run)};
  for (const Rival& rival : rivals) samplers.push_back(sampler(rival.run));
  const std::vector<Series> series = take_turns(kSlices, kSliceSeconds, n_threads, samplers);
  const Series& own = series[0];
  std::size_t at = 0;
  for (auto slice : state) state.SetIterationTime(own.seconds[at++]);
  state.counters["FLOP/s"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["peak"] = 100.0 * median(shares(flops, own));
  state.counters["best"] = 100.0 * best_share(flops, own);
  state.counters["spread"] = 100.0 * spread(own.seconds);
  for (std::size_t i = 0; i < rivals.size(); ++i)
    state.counters["vs_" + rivals[i].name] = median(ratios(own, series[i + 1]));
}

}  // namespace ingot::bench
