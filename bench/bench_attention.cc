// Attention of a batch of equal sequences, forward and backward: operations of the products of matrices (2 forward,
// 5 backward, 2 length^2 head_dim each for every head) against the arithmetic limit.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "bench/measure.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "engine/kernels/attention/attention.h"

namespace ingot::bench {
namespace {

struct Shape {
  std::int64_t n_sequences, length, n_heads, head_dim;
};

constexpr Shape kShapes[] = {
    {16, 128, 2, 64}, {4, 512, 2, 64}, {16, 128, 4, 32}, {16, 128, 1, 128}, {64, 32, 2, 64},
    {128, 16, 2, 64}, {1, 16, 2, 64},  {1, 128, 2, 64},  {1, 512, 1, 64},   {1, 4096, 2, 64},
};

// Queries, keys and values lie side by side in one row, as a fused projection leaves them.
struct Batch {
  explicit Batch(Shape s, float dropout) {
    for (std::int64_t i = 0; i <= s.n_sequences; ++i) offsets.push_back(static_cast<std::int32_t>(i * s.length));
    width = s.n_heads * s.head_dim;
    shape = {.n_sequences = s.n_sequences,
             .offsets = offsets.data(),
             .n_heads = s.n_heads,
             .head_dim = s.head_dim,
             .stride = 3 * width,
             .scale = 1 / std::sqrt(static_cast<float>(s.head_dim)),
             .dropout = {dropout, 1, 2}};
    const auto n = static_cast<std::size_t>(shape.n_rows() * shape.stride);
    engine::Rng rng(1);
    for (std::vector<float>* array : {&input, &output, &d_output, &gradient}) array->resize(n);
    for (float& x : input) x = static_cast<float>(rng.normal());
    for (float& x : d_output) x = static_cast<float>(rng.normal());
    log_sum_exp.resize(static_cast<std::size_t>(shape.n_rows() * s.n_heads));
  }

  void forward() {
    attention_forward(shape, input.data(), input.data() + width, input.data() + 2 * width, output.data(),
                      log_sum_exp.data());
  }
  void backward() {
    attention_backward(shape, input.data(), input.data() + width, input.data() + 2 * width, output.data(),
                       log_sum_exp.data(), d_output.data(), gradient.data(), gradient.data() + width,
                       gradient.data() + 2 * width);
  }

  std::vector<std::int32_t> offsets;
  std::int64_t width = 0;
  engine::kernels::AttentionShape shape;
  std::vector<float> input, output, d_output, gradient, log_sum_exp;
};

void bench_attention(benchmark::State& state, Shape s, float dropout, bool backward, int n_threads) {
  engine::set_threads(n_threads);
  Batch batch(s, dropout);
  batch.forward();
  const double flops =
      (backward ? 10.0 : 4.0) * static_cast<double>(s.n_sequences * s.n_heads * s.length * s.length * s.head_dim);
  if (backward)
    measure(state, flops, n_threads, [&] { batch.backward(); });
  else
    measure(state, flops, n_threads, [&] { batch.forward(); });
  const std::int64_t n_arrays = backward ? 8 : 4;  // queries, keys, values, output; in backward their gradients too
  state.SetBytesProcessed(state.iterations() * n_arrays * batch.shape.n_rows() * batch.width * 4);
}

const bool kRegistered = [] {
  for (const int n_threads : {1, 2})
    for (const Shape s : kShapes)
      for (const float dropout : {0.0f, 0.1f})
        for (const bool backward : {false, true}) {
          const std::string name =
              fmt::format("attention/{}/{}x{}x{}x{}{}/threads:{}", backward ? "backward" : "forward", s.n_sequences,
                          s.length, s.n_heads, s.head_dim, dropout > 0 ? "/dropout" : "", n_threads);
          benchmark::RegisterBenchmark(name.c_str(), bench_attention, s, dropout, backward, n_threads)
              ->UseManualTime()
              ->Iterations(kSlices)
              ->Unit(benchmark::kMicrosecond);
        }
  return true;
}();

}  // namespace
}  // namespace ingot::bench
