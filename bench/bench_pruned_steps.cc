// What pruning adds to a training step: vs_<what> is the time of the step with it over that of the step without.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/measure.h"
#include "bench/steps.h"
#include "compress/prune/pruner.h"
#include "engine/base/threads.h"

namespace ingot::bench {
namespace {

// Steps of a model that was pruned at once, half of it.
struct PrunedSteps {
  PrunedSteps(StepShape shape, double activations, bool embeddings) : steps(shape, 8000) {
    compress::Pruner(steps.model(), compression,
                     {.method = compress::parse_method("l1"), .activations = activations, .embeddings = embeddings})
        .prune(1);
  }
  BertSteps steps;
  compress::Compression compression;
};

void bench_pruned(benchmark::State& state, StepShape shape, int n_threads) {
  engine::set_threads(n_threads);
  BertSteps dense(shape, 8000);
  PrunedSteps weights(shape, 0, false), embeddings(shape, 0, true), activations(shape, 0.5, false);
  measure(state, dense.flops(true), n_threads, [&] { benchmark::DoNotOptimize(dense.train()); },
          {{"weights", [&] { benchmark::DoNotOptimize(weights.steps.train()); }},
           {"embeddings", [&] { benchmark::DoNotOptimize(embeddings.steps.train()); }},
           {"activations", [&] { benchmark::DoNotOptimize(activations.steps.train()); }}});
}

const bool kRegistered = [] {
  for (const int n_threads : {1, 2}) {
    for (const StepShape shape : {StepShape{1, 16}, StepShape{32, 128}, StepShape{32, 512}}) {
      const std::string name =
          fmt::format("pruned/batch:{}/length:{}/threads:{}", shape.batch, shape.length, n_threads);
      benchmark::RegisterBenchmark(name.c_str(), bench_pruned, shape, n_threads)
          ->UseManualTime()
          ->Iterations(kSlices)
          ->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace ingot::bench
