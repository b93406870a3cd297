#include "engine/kernels/fma_peak/fma_peak.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>

#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/fma_peak/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const FmaPeakRow* kRows[] = {
#if defined(__x86_64__)
    &kFmaPeakAvx512,
    &kFmaPeakAvx2,
#endif
    &kFmaPeakReference,
};

constexpr int kRuns = 8;                       // the fastest counts: other processes may interrupt some
constexpr std::int64_t kStepsPerRun = 25'000;  // 60 us at 5 GHz: far more than it takes to start the threads

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Seconds for `steps` steps on every thread at once, from the moment all have started to the end of the last.
double time_chains(const FmaPeakRow& row, int n_threads, std::int64_t steps) {
  std::atomic<int> n_started{0};
  std::atomic<bool> right{true};
  std::atomic<double> begin{0.0};
  parallel_for(n_threads, 1, [&](std::int64_t, std::int64_t) {
    // Nobody goes on before all have come, so that no thread takes two.
    if (++n_started == n_threads) begin = now();
    while (begin.load() == 0.0) {
    }
    if (row.chains(steps, 1.0f) != 1.0f) right = false;
  });
  const double seconds = now() - begin;
  assert(right);
  return right ? seconds : 0.0;
}

}  // namespace

std::span<const FmaPeakRow* const> fma_peak_rows() { return kRows; }

double fma_peak(int n_threads) {
  const FmaPeakRow& row = active_row(fma_peak_rows());
  const int before = threads();
  set_threads(n_threads);
  double seconds = time_chains(row, n_threads, kStepsPerRun);
  for (int run = 1; run < kRuns; ++run) seconds = std::min(seconds, time_chains(row, n_threads, kStepsPerRun));
  set_threads(before);
  return static_cast<double>(kStepsPerRun * row.flops_per_step) * n_threads / seconds;
}

}  // namespace ingot::engine::kernels
