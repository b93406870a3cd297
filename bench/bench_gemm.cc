// Products of linear layers at BERT's shapes, beside Eigen's in the same process.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bench/eigen_products.h"
#include "bench/measure.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "engine/kernels/gemm/gemm.h"

namespace ingot::bench {
namespace {

using engine::kernels::linear_forward;
using engine::kernels::linear_input_gradient;
using engine::kernels::linear_weight_gradient;

std::vector<float> noise(std::int64_t count, std::uint64_t stream) {
  engine::Rng rng(1, stream);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(2.0 * rng.uniform() - 1.0);
  return values;
}

// A linear layer's operands, and its three products by either library into `out` and `bias_out`.
struct Layer {
  std::int64_t m, n, k;
  std::vector<float> x = noise(m * k, 1), w = noise(n * k, 2), bias = noise(n, 3), dy = noise(m * n, 4);
  std::vector<float> out = std::vector<float>(static_cast<std::size_t>(std::max({m * n, m* k, n* k})));
  std::vector<float> bias_out = std::vector<float>(static_cast<std::size_t>(n));

  EigenProducts eigen() const { return {m, n, k}; }
};

struct Operation {
  const char* name;
  void (*ingot)(Layer& layer);
  void (*eigen)(Layer& layer);
};

constexpr Operation kOperations[] = {
    {"forward",
     [](Layer& l) {
       linear_forward(l.m, l.n, l.k, l.x.data(), l.k, l.w.data(), l.bias.data(), engine::Activation::identity, nullptr,
                      l.out.data(), l.n);
     },
     [](Layer& l) { l.eigen().forward(l.x.data(), l.w.data(), l.bias.data(), l.out.data()); }},
    {"input_gradient",
     [](Layer& l) { linear_input_gradient(l.m, l.n, l.k, l.dy.data(), l.n, l.w.data(), false, l.out.data(), l.k); },
     [](Layer& l) { l.eigen().input_gradient(l.dy.data(), l.w.data(), l.out.data()); }},
    {"weight_gradient",
     [](Layer& l) {
       linear_weight_gradient(l.m, l.n, l.k, l.dy.data(), l.n, l.x.data(), l.k, false, l.out.data(), l.bias_out.data());
     },
     [](Layer& l) { l.eigen().weight_gradient(l.dy.data(), l.x.data(), l.out.data(), l.bias_out.data()); }},
};

struct Shape {
  std::int64_t m, n, k;
};

constexpr Shape kShapes[] = {
    {4096, 128, 128}, {4096, 512, 128},  {4096, 128, 512}, {4096, 1024, 256}, {4096, 256, 1024},
    {600, 8000, 128}, {600, 30522, 128}, {32, 2, 128},     {32, 26, 128},     {1, 128, 128},
    {16, 128, 128},   {16, 512, 128},    {16, 128, 512},   {32, 512, 128},    {128, 512, 128},
};

// The largest difference of two results in units of the rounding error that a sum of `terms` products in [-1, 1] has.
double error_of(const std::vector<float>& a, const std::vector<float>& b, std::int64_t terms) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest / (6e-8 * static_cast<double>(terms));
}

void bench_product(benchmark::State& state, const Operation& operation, Shape shape, bool eigen, int n_threads) {
  Layer layer{shape.m, shape.n, shape.k};
  engine::set_threads(n_threads);
  set_eigen_threads(n_threads);
  operation.eigen(layer);
  const std::vector<float> expected = layer.out;
  operation.ingot(layer);
  if (error_of(layer.out, expected, std::max({shape.m, shape.n, shape.k})) > 4.0) {
    state.SkipWithError("the two libraries disagree");
    return;
  }
  const auto run = eigen ? operation.eigen : operation.ingot;
  measure(state, 2.0 * static_cast<double>(shape.m * shape.n * shape.k), n_threads, [&] { run(layer); });
}

const bool kRegistered = [] {
  for (const int n_threads : {1, 2}) {
    for (const Shape shape : kShapes) {
      for (const Operation& operation : kOperations) {
        for (const bool eigen : {false, true}) {
          const std::string name = fmt::format("gemm/{}/{}x{}x{}/threads:{}/{}", operation.name, shape.m, shape.n,
                                               shape.k, n_threads, eigen ? "eigen" : "ingot");
          benchmark::RegisterBenchmark(name.c_str(), bench_product, operation, shape, eigen, n_threads)
              ->UseManualTime()
              ->Iterations(kSlices)
              ->Unit(benchmark::kMicrosecond);
        }
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace ingot::bench
