// Inference of BERT-tiny in integers alone, from token ids to the answer, beside the same model in float32.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstring>
#include <memory>

#include "bench/measure.h"
#include "bench/steps.h"
#include "compress/lower/whole_model.h"
#include "compress/quantize/calibration.h"
#include "compress/quantize/integer_plan.h"
#include "engine/base/threads.h"

namespace ingot::bench {
namespace {

compress::Compression calibrated(bert::Model& model, int width, const bert::Input& input) {
  const std::vector<bert::Input> batches{input};
  return compress::calibrate(
      model, {}, compress::requests_by_layer(model, compress::integer_plan(compress::integer_widths(width))), batches,
      {});
}

void bench_whole_model(benchmark::State& state, int width, StepShape shape, int n_threads) {
  engine::set_threads(n_threads);
  BertSteps steps(shape, 8000), few({1, 64}, 8000);
  bert::Model model = steps.model();
  const compress::Compression compression = calibrated(model, width, few.input());
  compress::attach(model, compression);
  compress::WholeModel whole(model, compression);
  const engine::NoGradient off;
  engine::DropoutStreams no_dropout;
  const engine::Tensor expected =
      model.outputs(model.encode(steps.input(), no_dropout), steps.input(), no_dropout).value();
  const engine::Tensor got = whole.outputs(steps.input());
  if (std::memcmp(got.data(), expected.data(), expected.span().size_bytes()) != 0) {
    state.SkipWithError("the integers are not those of the fake-quantised model");
    return;
  }
  measure(state, steps.flops(false), n_threads, [&] { benchmark::DoNotOptimize(whole.outputs(steps.input()).data()); },
          {{"float32", [&] { benchmark::DoNotOptimize(steps.infer()); }}});
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(steps.n_tokens()), benchmark::Counter::kIsIterationInvariantRate);
}

// A step of quantisation-aware training, beside one in float32. Neither has dropout.
void bench_training(benchmark::State& state, int width, StepShape shape, int n_threads) {
  engine::set_threads(n_threads);
  BertSteps plain(shape, 8000, 0.0f), steps(shape, 8000, 0.0f), few({1, 64}, 8000);
  compress::attach(steps.model(), calibrated(steps.model(), width, few.input()));
  measure(state, steps.flops(true), n_threads, [&] { benchmark::DoNotOptimize(steps.train()); },
          {{"float32", [&] { benchmark::DoNotOptimize(plain.train()); }}});
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(steps.n_tokens()), benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  for (const StepShape shape : {StepShape{32, 128}, {32, 512}}) {
    for (const int n_threads : {1, 2}) {
      const std::string name =
          fmt::format("whole_training/8/batch:{}/length:{}/threads:{}", shape.batch, shape.length, n_threads);
      benchmark::RegisterBenchmark(name.c_str(), bench_training, 8, shape, n_threads)
          ->UseManualTime()
          ->Iterations(kSlices)
          ->Unit(benchmark::kMillisecond);
    }
  }
  for (const int width : {8, 6}) {
    for (const StepShape shape : {StepShape{1, 16}, {1, 128}, {1, 512}, {32, 128}, {32, 512}}) {
      for (const int n_threads : {1, 2, 4, 16}) {
        if (n_threads > 2 && n_threads > engine::threads()) continue;
        const std::string name =
            fmt::format("whole/{}/batch:{}/length:{}/threads:{}", width, shape.batch, shape.length, n_threads);
        benchmark::RegisterBenchmark(name.c_str(), bench_whole_model, width, shape, n_threads)
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
