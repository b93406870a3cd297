// Whole steps of BERT-tiny, training and inference, against the arithmetic limit, with a vocabulary of 8,000.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>

#include "bench/measure.h"
#include "bench/steps.h"
#include "engine/base/threads.h"

namespace ingot::bench {
namespace {

void bench_step(benchmark::State& state, StepShape shape, bool training, engine::Sums sums, int n_threads) {
  engine::set_threads(n_threads);
  BertSteps steps(shape, 8000);
  steps.model().set_sums(sums);
  if (!(std::abs(steps.train() - std::log(2.0f)) < 0.1f)) {
    state.SkipWithError("the first loss is not log 2");
    return;
  }
  measure(state, steps.flops(training), n_threads,
          [&] { benchmark::DoNotOptimize(training ? steps.train() : steps.infer()); });
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(steps.n_tokens()), benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  for (const int n_threads : {1, 2}) {
    for (const bool training : {true, false}) {
      for (const std::int64_t batch : {1, 8, 32}) {
        for (const std::int64_t length : {16, 128, 512}) {
          for (const engine::Sums sums : {engine::Sums::fastest, engine::Sums::bf16}) {
            const std::string name =
                fmt::format("{}{}/batch:{}/length:{}/threads:{}", sums == engine::Sums::bf16 ? "bf16_" : "",
                            training ? "train" : "infer", batch, length, n_threads);
            benchmark::RegisterBenchmark(name.c_str(), bench_step, StepShape{batch, length}, training, sums, n_threads)
                ->UseManualTime()
                ->Iterations(kSlices)
                ->Unit(benchmark::kMillisecond);
          }
        }
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace ingot::bench
