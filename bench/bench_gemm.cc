// Products of linear layers at BERT's shapes, and how many times longer other libraries take in the same process.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "bench/linear_layer.h"
#include "bench/measure.h"
#include "engine/base/threads.h"

namespace ingot::bench {
namespace {

constexpr LinearShape kShapes[] = {
    {4096, 128, 128},  {4096, 512, 128}, {4096, 128, 512}, {4096, 1024, 256}, {4096, 256, 1024}, {600, 8000, 128},
    {600, 30522, 128}, {32, 2, 128},     {32, 26, 128},    {1, 128, 128},     {16, 128, 128},    {16, 512, 128},
    {16, 128, 512},    {32, 512, 128},   {128, 512, 128},  {512, 128, 128},   {512, 512, 128},   {512, 128, 512},
};

// The largest difference of two results in units of the rounding error that a sum of `terms` products in [-1, 1] has.
double error_of(std::span<const float> a, std::span<const float> b, std::int64_t terms) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest / (6e-8 * static_cast<double>(terms));
}

void bench_product(benchmark::State& state, const LinearProduct& product, LinearShape shape, int n_threads) {
  LinearLayer layer(shape);
  engine::set_threads(n_threads);
  product.ingot(layer);
  const engine::Tensor result = layer.out.clone();
  std::vector<Rival> rivals;
  for (const ProductPeer* peer : product_peers()) {
    peer->set_threads(n_threads);
    product.peer(*peer, layer);
    if (error_of(layer.out.span(), result.span(), std::max({shape.m, shape.n, shape.k})) > 4.0) {
      state.SkipWithError(fmt::format("{} and ingot disagree", peer->name).c_str());
      return;
    }
    rivals.push_back({peer->name, [&product, peer, &layer] { product.peer(*peer, layer); }});
  }
  measure(
      state, layer.flops(), n_threads, [&] { product.ingot(layer); }, rivals);
  const auto [m, n, k] = shape;
  state.SetBytesProcessed(state.iterations() * 4 * (m * n + n * k + m * k));
}

// Products with factors in bfloat16, beside the same in float32.
void bench_bf16(benchmark::State& state, const LinearProduct& product, LinearShape shape, int n_threads) {
  LinearLayer layer(shape);
  engine::set_threads(n_threads);
  measure(state, layer.flops(), n_threads, [&] { product.bf16(layer); }, {{"float32", [&] { product.ingot(layer); }}});
  if (!engine::kernels::has_bf16_products()) state.SetLabel("no instructions for bfloat16 here");
}

const bool kRegistered = [] {
  if (const std::string missing = missing_product_peers(); !missing.empty()) fmt::print(stderr, "{}\n", missing);
  for (const int n_threads : {1, 2}) {
    for (const LinearShape s : kShapes) {
      for (const LinearProduct& product : kLinearProducts) {
        const std::string name = fmt::format("gemm/{}/{}x{}x{}/threads:{}", product.name, s.m, s.n, s.k, n_threads);
        benchmark::RegisterBenchmark(name.c_str(), bench_product, product, s, n_threads)
            ->UseManualTime()
            ->Iterations(kSlices)
            ->Unit(benchmark::kMicrosecond);
        benchmark::RegisterBenchmark(("bf16_" + name).c_str(), bench_bf16, product, s, n_threads)
            ->UseManualTime()
            ->Iterations(kSlices)
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace ingot::bench
