// Inference of BERT-tiny with its Linears in integers, beside the same model in float32.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstring>

#include "bench/integer_steps.h"
#include "bench/measure.h"
#include "bench/steps.h"
#include "engine/base/threads.h"

namespace ingot::bench {
namespace {

void bench_integer(benchmark::State& state, Widths widths, StepShape shape, int n_threads) {
  engine::set_threads(n_threads);
  BertSteps steps(shape, 8000);
  const IntegerSteps integers(steps, widths);
  const engine::Tensor expected = integers.exact(), got = integers.infer();
  if (std::memcmp(got.data(), expected.data(), expected.span().size_bytes()) != 0) {
    state.SkipWithError("the integers are not those of exact sums");
    return;
  }
  measure(state, steps.flops(false), n_threads, [&] { benchmark::DoNotOptimize(integers.infer().data()); },
          {{"float32", [&] { benchmark::DoNotOptimize(steps.infer()); }}});
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(steps.n_tokens()), benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  for (const Widths widths : {Widths{8, 8}, {8, 4}, {12, 12}}) {
    for (const StepShape shape : {StepShape{1, 16}, {32, 128}, {32, 512}}) {
      for (const int n_threads : {1, 2}) {
        const std::string name = fmt::format("integer/{}x{}/batch:{}/length:{}/threads:{}", widths.input, widths.weight,
                                             shape.batch, shape.length, n_threads);
        benchmark::RegisterBenchmark(name.c_str(), bench_integer, widths, shape, n_threads)
            ->UseManualTime()
            ->Iterations(kSlices)
            ->Unit(benchmark::kMillisecond);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace ingot::bench
