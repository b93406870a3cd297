#include "engine/kernels/peak/fma_peak.h"

#include <omp.h>

#include <algorithm>
#include <cassert>
#include <chrono>

#include "engine/kernels/dispatch.h"
#include "engine/kernels/peak/table.h"

namespace ingot::engine::kernels {
namespace {

#if defined(__x86_64__)
constexpr const PeakRow* kRows[] = {&kPeakAvx512, &kPeakAvx2, &kPeakReference};
#else
constexpr const PeakRow* kRows[] = {&kPeakReference};
#endif

constexpr int kRuns = 8;                       // the fastest counts: other processes may interrupt some
constexpr std::int64_t kStepsPerRun = 25'000;  // 60 us at 5 GHz: far more than it takes to start the threads

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Seconds for `steps` steps on every thread at once, from the moment all have started to the end of the last.
double time_chains(const PeakRow& row, int n_threads, std::int64_t steps) {
  double begin = 0.0, smallest = 1.0;
#pragma omp parallel num_threads(n_threads) reduction(min : smallest)
  {
#pragma omp barrier
#pragma omp master
    begin = now();
    smallest = row.chains(steps, 1.0f);
  }
  const double seconds = now() - begin;
  assert(smallest == 1.0);
  return smallest == 1.0 ? seconds : 0.0;
}

}  // namespace

std::span<const PeakRow* const> peak_rows() { return kRows; }

double fma_peak(int n_threads) {
  const PeakRow& row = active_row(peak_rows());
  double seconds = time_chains(row, n_threads, kStepsPerRun);
  for (int run = 1; run < kRuns; ++run) seconds = std::min(seconds, time_chains(row, n_threads, kStepsPerRun));
  return static_cast<double>(kStepsPerRun * row.flops_per_step) * n_threads / seconds;
}

}  // namespace ingot::engine::kernels
