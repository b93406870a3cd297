// Searches over real parameters, and a suggestion of one of them.
#include <benchmark/benchmark.h>

#include "bench/searches.h"

namespace ingot::bench {
namespace {

void bench_search(benchmark::State& state) {
  const auto n_parameters = static_cast<int>(state.range(0)), n_trials = static_cast<int>(state.range(1));
  for (auto search : state) state.SetIterationTime(search_seconds(n_parameters, n_trials));
  state.SetItemsProcessed(state.iterations() * n_trials);
}

void bench_suggestion(benchmark::State& state) {
  for (auto suggestion : state) state.SetIterationTime(suggestion_seconds());
}

BENCHMARK(bench_search)
    ->Name("search")
    ->ArgNames({"parameters", "trials"})
    ->Args({5, 100})
    ->Args({5, 1000})
    ->Args({40, 100})
    ->Args({40, 1000})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(bench_suggestion)->Name("search/suggestion")->UseManualTime()->Iterations(5)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ingot::bench
