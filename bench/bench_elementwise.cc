// Bytes per second of the kernels that move more than they compute: activation, dropout, layer norm, cross entropy,
// embedding, AdamW. The bytes are those that a kernel must read and write at least once, the FLOP/s those of its
// definition, where a division, a square root, an exponential or the like counts as one operation.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "engine/kernels/activation/activation.h"
#include "engine/kernels/adamw/adamw.h"
#include "engine/kernels/cross_entropy/cross_entropy.h"
#include "engine/kernels/dropout/dropout.h"
#include "engine/kernels/embedding/embedding.h"
#include "engine/kernels/layer_norm/layer_norm.h"
#include "engine/kernels/quantize/quantize.h"

namespace ingot::bench {
namespace {

using engine::Activation;
using engine::Dropout;

constexpr std::int64_t kIds = 8000;
constexpr Dropout kDropout{.probability = 0.1f, .seed = 1, .stream = 2};

// Normal numbers, repeated after 2^16: drawing millions would take longer than timing them.
std::vector<float> normal_noise(std::int64_t count) {
  constexpr std::size_t period = 1 << 16;
  engine::Rng rng(1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = i < period ? static_cast<float>(rng.normal()) : values[i - period];
  }
  return values;
}

// A batch of rows with everything that the kernels below ask for.
struct Batch {
  std::int64_t rows, columns;
  std::vector<float> x = normal_noise(rows * columns), y = x, dy = x, dx = x, residual = x;
  std::vector<float> gamma = normal_noise(columns), beta = gamma, dgamma = gamma, dbeta = gamma;
  std::vector<float> mean = std::vector<float>(static_cast<std::size_t>(rows)), rstd = mean, losses = mean;
  std::vector<float> table = normal_noise(kIds * columns);
  std::vector<std::int32_t> ids = std::vector<std::int32_t>(mean.size()), order = ids, labels = ids;

  Batch(std::int64_t n_rows, std::int64_t n_columns) : rows(n_rows), columns(n_columns) {
    engine::Rng rng(2);
    for (std::int32_t& id : ids) id = rng.below(2) == 0 ? 0 : static_cast<std::int32_t>(rng.below(kIds));
    for (std::int32_t& label : labels) {
      label = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(n_columns)));
    }
    engine::kernels::embedding_order(rows, kIds, ids.data(), order.data());
    std::fill(rstd.begin(), rstd.end(), 1.0f);
  }
};

template <class Body>
void for_rows(const Batch& b, const Body& body) {
  engine::parallel_for(b.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    body(begin, end - begin, begin * b.columns, (end - begin) * b.columns);
  });
}

template <Activation kActivation>
void forward(Batch& b) {
  for_rows(b, [&](std::int64_t, std::int64_t, std::int64_t at, std::int64_t n) {
    engine::kernels::activation_forward(kActivation, n, b.x.data() + at, b.y.data() + at);
  });
}

template <Activation kActivation>
void backward(Batch& b) {
  for_rows(b, [&](std::int64_t, std::int64_t, std::int64_t at, std::int64_t n) {
    engine::kernels::activation_backward(kActivation, n, b.x.data() + at, b.dy.data() + at, b.dx.data() + at);
  });
}

void drop(Batch& b) {
  for_rows(b, [&](std::int64_t row, std::int64_t n_rows, std::int64_t at, std::int64_t) {
    engine::kernels::dropout(kDropout, row, n_rows, b.columns, b.x.data() + at, b.y.data() + at);
  });
}

// The sum overwrites its input, so that repeated calls add the residual again: values grow, the work stays the same.
template <bool kDrops>
void norm_forward(Batch& b) {
  engine::kernels::layer_norm_forward(b.rows, b.columns, b.dx.data(), kDrops ? kDropout : Dropout{}, b.residual.data(),
                                      b.gamma.data(), b.beta.data(), 1e-12f, b.y.data(), b.mean.data(), b.rstd.data());
}

template <bool kDrops>
void norm_backward(Batch& b) {
  engine::kernels::layer_norm_backward(b.rows, b.columns, b.x.data(), b.mean.data(), b.rstd.data(), b.gamma.data(),
                                       kDrops ? kDropout : Dropout{}, b.dy.data(), b.y.data(),
                                       kDrops ? b.dx.data() : nullptr, b.dgamma.data(), b.dbeta.data());
}

void cross_entropy(Batch& b) {
  engine::kernels::cross_entropy(b.rows, b.columns, b.x.data(), b.labels.data(), 1, b.losses.data(), b.y.data());
}

void gather(Batch& b) {
  engine::kernels::embedding_forward(b.rows, b.columns, b.ids.data(), b.table.data(), false, b.y.data());
}

void scatter(Batch& b) {
  engine::kernels::embedding_backward(b.rows, b.columns, b.ids.data(), b.order.data(), b.dy.data(), b.table.data());
}

struct Kernel {
  const char* name;
  std::int64_t bytes, flops;  // for each element of the batch
  void (*run)(Batch& batch);
};

constexpr Kernel kKernels[] = {
    {"gelu", 8, 5, forward<Activation::gelu>},
    {"gelu_backward", 12, 9, backward<Activation::gelu>},
    {"gelu_tanh", 8, 9, forward<Activation::gelu_tanh>},
    {"gelu_tanh_backward", 12, 14, backward<Activation::gelu_tanh>},
    {"relu", 8, 1, forward<Activation::relu>},
    {"relu_backward", 12, 1, backward<Activation::relu>},
    {"tanh", 8, 1, forward<Activation::tanh>},
    {"dropout", 8, 1, drop},
    {"layer_norm", 16, 9, norm_forward<false>},
    {"layer_norm_dropout", 16, 10, norm_forward<true>},
    {"layer_norm_backward", 12, 13, norm_backward<false>},
    {"layer_norm_dropout_backward", 16, 14, norm_backward<true>},
    {"cross_entropy", 8, 6, cross_entropy},
    {"embedding", 8, 0, gather},
    {"embedding_backward", 4, 1, scatter},
};

bool same_on_one_thread(const Kernel& kernel, std::int64_t rows, std::int64_t columns) {
  const int threads = engine::threads();
  Batch many(rows, columns), one(rows, columns);
  kernel.run(many);
  engine::set_threads(1);
  kernel.run(one);
  engine::set_threads(threads);
  return one.y == many.y && one.dx == many.dx && one.table == many.table && one.dgamma == many.dgamma;
}

void count_flops(benchmark::State& state, std::int64_t flops) {
  if (flops == 0) return;
  state.counters["FLOP/s"] =
      benchmark::Counter(static_cast<double>(flops), benchmark::Counter::kIsIterationInvariantRate);
}

void bench_kernel(benchmark::State& state, const Kernel& kernel) {
  const std::int64_t rows = state.range(0), columns = state.range(1);
  engine::set_threads(static_cast<int>(state.range(2)));
  if (!same_on_one_thread(kernel, rows, columns)) return state.SkipWithError("threads change the result");
  Batch batch(rows, columns);
  for (auto call : state) kernel.run(batch);
  state.SetBytesProcessed(state.iterations() * rows * columns * kernel.bytes);
  count_flops(state, rows * columns * kernel.flops);
}

void bench_adamw(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  engine::set_threads(static_cast<int>(state.range(1)));
  const std::vector<float> gradient = normal_noise(n);
  std::vector<float> weight = gradient, first(gradient.size()), second(gradient.size(), 1.0f);
  for (auto call : state) {
    engine::kernels::adamw({.learning_rate = 1e-3, .weight_decay = 0.01}, n, gradient.data(), weight.data(),
                           first.data(), second.data());
  }
  state.SetBytesProcessed(state.iterations() * n * 28);
  count_flops(state, n * 14);
}

// The rows of a table of words that a batch touches.
void bench_adamw_some_rows(benchmark::State& state) {
  constexpr std::int64_t kRows = 30522, kColumns = 128;
  engine::set_threads(static_cast<int>(state.range(1)));
  const std::vector<float> gradient = normal_noise(kRows * kColumns);
  std::vector<float> weight = gradient, first(gradient.size()), second(gradient.size(), 1.0f);
  std::vector<std::int32_t> rows(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] = static_cast<std::int32_t>(i * static_cast<std::size_t>(kRows) / rows.size());
  for (auto call : state) {
    engine::kernels::adamw_some_rows({.learning_rate = 1e-3, .weight_decay = 0.01}, rows, kColumns, gradient.data(),
                                     weight.data(), first.data(), second.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * kColumns * 28);
  count_flops(state, state.range(0) * kColumns * 14);
}

// To codes of 8 bits, and back.
template <bool kBack>
void bench_quantize(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  engine::set_threads(static_cast<int>(state.range(1)));
  std::vector<float> x = normal_noise(n);
  std::vector<std::int8_t> codes(x.size());
  const int fraction_bits = 5;
  const engine::kernels::FractionBits bits{engine::kernels::FractionBits::Per::tensor, &fraction_bits};
  const engine::kernels::Codes stored{engine::CodeType::s8, codes.data(), n};
  for (auto call : state) {
    if (kBack) {
      engine::kernels::dequantize(1, n, stored, bits, x.data(), n);
    } else {
      engine::kernels::quantize(1, n, x.data(), n, bits, engine::Rounding::nearest_even,
                                engine::code_range(stored.type), stored);
    }
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * n * 5);
}

void bench_sum_of_squares(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  engine::set_threads(static_cast<int>(state.range(1)));
  const std::vector<float> x = normal_noise(n);
  for (auto call : state) benchmark::DoNotOptimize(engine::kernels::sum_of_squares(n, x.data()));
  state.SetBytesProcessed(state.iterations() * n * 4);
  count_flops(state, n * 2);
}

const bool kRegistered = [] {
  for (const Kernel& kernel : kKernels) {
    benchmark::RegisterBenchmark(kernel.name, bench_kernel, kernel)
        ->ArgNames({"rows", "columns", "threads"})
        ->ArgsProduct({{4096}, {128, 512}, {1, 2}})
        ->UseRealTime();
  }
  benchmark::RegisterBenchmark("cross_entropy", bench_kernel, Kernel{"cross_entropy", 8, 6, cross_entropy})
      ->ArgNames({"rows", "columns", "threads"})
      ->ArgsProduct({{512}, {30522}, {1, 2}})
      ->UseRealTime();
  benchmark::RegisterBenchmark("adamw", bench_adamw)
      ->ArgNames({"parameters", "threads"})
      ->ArgsProduct({{4'300'000}, {1, 2}})
      ->UseRealTime();
  benchmark::RegisterBenchmark("adamw/some_rows", bench_adamw_some_rows)
      ->ArgNames({"rows", "threads"})
      ->ArgsProduct({{3000}, {1, 2}})
      ->UseRealTime();
  for (const bool back : {false, true}) {
    benchmark::RegisterBenchmark(back ? "dequantize" : "quantize", back ? bench_quantize<true> : bench_quantize<false>)
        ->ArgNames({"values", "threads"})
        ->ArgsProduct({{4096 * 512}, {1, 2}})
        ->UseRealTime();
  }
  benchmark::RegisterBenchmark("sum_of_squares", bench_sum_of_squares)
      ->ArgNames({"parameters", "threads"})
      ->ArgsProduct({{4'300'000}, {1, 2}})
      ->UseRealTime();
  return true;
}();

}  // namespace
}  // namespace ingot::bench
