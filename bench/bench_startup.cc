// Start of the program to its first prediction.
#include <benchmark/benchmark.h>

#include "bench/startup.h"

namespace ingot::bench {
namespace {

void bench_startup(benchmark::State& state) {
  const ModelFolder folder;
  folder.predict();
  for (auto start : state) state.SetIterationTime(folder.predict());
}

BENCHMARK(bench_startup)->Name("startup")->UseManualTime()->Iterations(15)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ingot::bench
