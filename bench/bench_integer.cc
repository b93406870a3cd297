// Inference of BERT-tiny with its Linears in integers, beside the same model in float32.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "bench/measure.h"
#include "bench/steps.h"
#include "compress/lower/integer_model.h"
#include "engine/base/threads.h"

namespace ingot::bench {
namespace {

struct Widths {
  int input, weight;
};

// The largest number of fraction bits with which four deviations of these weights fit into `width` bits: about those
// that make the squared error of 8 bits smallest, as calibration does.
int fraction_bits(int width, const float* w, std::int64_t n) {
  double squares = 1e-12;
  for (std::int64_t i = 0; i < n; ++i) squares += static_cast<double>(w[i]) * static_cast<double>(w[i]);
  return width - 2 - std::ilogb(4 * std::sqrt(squares / static_cast<double>(n)));
}

// Inputs as layer norms leave them, within 2^3; weights by channel.
compress::Compression compression_of(bert::Model& model, Widths widths) {
  using compress::Role;
  const auto fixed = [](int width, int frac_bits) {
    return compress::Quantizer{.format = compress::parse_format(fmt::format("fixed({},{})", width, frac_bits))};
  };
  compress::Compression compression;
  for (const auto& [name, linear] : model.linears()) {
    compress::LayerCompression& layer = compression[name];
    layer[Role::input] = fixed(widths.input, widths.input - 4);
    layer[Role::weight] = fixed(widths.weight, 0);
    const std::int64_t n = linear->weight.shape()[0], k = linear->weight.shape()[1];
    for (std::int64_t j = 0; j < n; ++j)
      layer[Role::weight]->channel_frac_bits.push_back(
          fraction_bits(widths.weight, linear->weight.value().data() + j * k, k));
  }
  return compression;
}

void bench_integer(benchmark::State& state, Widths widths, StepShape shape, int n_threads) {
  engine::set_threads(n_threads);
  BertSteps steps(shape, 8000);
  const auto compression = compression_of(steps.model(), widths);
  bert::Model compressed = steps.model();
  compress::attach(compressed, compression);
  const compress::IntegerProgram program = compress::lower(compressed, compression);
  const compress::IntegerModel integers(compressed, program);
  const bert::Model exact = compress::exact_model(compressed, program);
  const engine::NoGradient off;
  engine::DropoutStreams no_dropout;
  const engine::Tensor expected =
      exact.outputs(exact.encode(steps.input(), no_dropout), steps.input(), no_dropout).value();
  const engine::Tensor got = integers.outputs(steps.input()).value();
  if (std::memcmp(got.data(), expected.data(), expected.span().size_bytes()) != 0) {
    state.SkipWithError("the integers are not those of exact sums");
    return;
  }
  measure(state, steps.flops(false), n_threads,
          [&] { benchmark::DoNotOptimize(integers.outputs(steps.input()).value().data()); },
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
