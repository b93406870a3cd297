// Whole steps of BERT-tiny, training and inference, against the arithmetic limit: full-length sequences, vocabulary
// 8,000, dropout 0.1 in training, AdamW on all parameters.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>

#include "bench/measure.h"
#include "bert/model.h"
#include "engine/autograd/loss.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "engine/optim/adamw.h"

namespace ingot::bench {
namespace {

struct Case {
  std::int64_t batch, length;
};

constexpr Case kCases[] = {{1, 16}, {1, 128}, {8, 128}, {32, 16}, {32, 128}, {32, 512}};

bert::Config config() {
  bert::Config c = bert::named_config("tiny");
  c.vocab_size = 8000;
  c.label_names = {"neg", "pos"};
  return c;
}

bert::Input input_of(const Case& shape, std::int64_t vocab_size) {
  engine::Rng rng(1);
  bert::Input input;
  auto sequences = std::make_shared<engine::Sequences>();
  for (std::int64_t i = 0; i < shape.batch * shape.length; ++i) {
    if (i % shape.length == 0) sequences->offsets.push_back(static_cast<std::int32_t>(i));
    input.ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocab_size))));
    input.positions.push_back(static_cast<std::int32_t>(i % shape.length));
    input.token_types.push_back(0);
  }
  sequences->offsets.push_back(static_cast<std::int32_t>(shape.batch * shape.length));
  input.sequences = std::move(sequences);
  return input;
}

// Of the encoder's products: a token takes 2 (4 H^2 + 2 H F) a layer, and attention 4 S H more.
double forward_flops(const Case& shape, const bert::Config& c) {
  const auto h = static_cast<double>(c.hidden_size), f = static_cast<double>(c.intermediate_size);
  const auto tokens = static_cast<double>(shape.batch * shape.length), length = static_cast<double>(shape.length);
  return static_cast<double>(c.num_hidden_layers) * tokens * (2 * (4 * h * h + 2 * h * f) + 4 * length * h);
}

void bench_step(benchmark::State& state, Case shape, bool training, int n_threads) {
  engine::set_threads(n_threads);
  const bert::Model model = bert::make_model(config(), 1);
  const bert::Input input = input_of(shape, model.config.vocab_size);
  const std::vector<std::int32_t> labels(static_cast<std::size_t>(shape.batch), 1);
  engine::AdamW optimizer(engine::decay_matrices(model.parameters(), 0.01f));
  std::uint64_t n_steps = 0;
  const auto train = [&] {
    engine::DropoutStreams streams(1, n_steps++);
    optimizer.clear_gradients();
    const engine::Variable loss =
        engine::cross_entropy(model.classify(model.encode(input, streams), input, streams), labels);
    engine::backward(loss);
    optimizer.step(1e-4f, optimizer.gradient_norm(), 1.0);
    return loss.value().data()[0];
  };
  const auto infer = [&] {
    const engine::NoGradient off;
    engine::DropoutStreams streams;
    return model.classify(model.encode(input, streams), input, streams).value().data()[0];
  };
  const float first = train();
  if (!(std::abs(first - std::log(2.0f)) < 0.1f)) {
    state.SkipWithError("the first loss is not log 2");
    return;
  }
  const double flops = forward_flops(shape, model.config) * (training ? 3 : 1);
  measure(state, flops, n_threads, [&] { benchmark::DoNotOptimize(training ? train() : infer()); });
  state.counters["tokens/s"] = benchmark::Counter(static_cast<double>(shape.batch * shape.length),
                                                  benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  for (const int n_threads : {1, 2}) {
    for (const bool training : {true, false}) {
      for (const Case shape : kCases) {
        const std::string name = fmt::format("{}/batch:{}/length:{}/threads:{}", training ? "train" : "infer",
                                             shape.batch, shape.length, n_threads);
        benchmark::RegisterBenchmark(name.c_str(), bench_step, shape, training, n_threads)
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
