// Fixed-point products beside this engine's own in float32 and, where it is installed, oneDNN's u8 x s8 in the same
// process. ONEDNN_MAX_CPU_ISA=AVX512_CORE_VNNI keeps oneDNN from using AMX; the label names what it used.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/onednn_products.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "engine/kernels/fixed_gemm/fixed_gemm.h"
#include "engine/kernels/gemm/gemm.h"

namespace ingot::bench {
namespace {

using engine::CodeType;
using engine::kernels::FixedLayer;
using engine::kernels::PackedWeights;
using engine::kernels::Requantizer;

struct Shape {
  std::int64_t m, n, k;
};

constexpr Shape kShapes[] = {
    {4096, 128, 128},   {4096, 512, 128}, {4096, 128, 512}, {4096, 1024, 256}, {4096, 256, 1024},
    {4096, 1024, 1024}, {1, 128, 128},    {16, 128, 128},   {128, 512, 128},
};

template <class Code>
std::vector<Code> codes(std::int64_t count, std::int64_t lowest, std::int64_t highest, std::uint64_t stream) {
  engine::Rng rng(1, stream);
  std::vector<Code> values(static_cast<std::size_t>(count));
  for (Code& value : values)
    value = static_cast<Code>(lowest +
                              static_cast<std::int64_t>(rng.uniform() * static_cast<double>(highest - lowest + 1)));
  return values;
}

// As calibration leaves the weights of a trained layer: normal. The power of two that makes the squared error of 8 bits
// smallest puts four deviations between 64 and 128; this is the middle of that.
constexpr double kDeviation = 23;
std::vector<std::int8_t> normal_codes(std::int64_t count, std::uint64_t stream) {
  engine::Rng rng(1, stream);
  std::vector<std::int8_t> values(static_cast<std::size_t>(count));
  for (std::int8_t& value : values)
    value = static_cast<std::int8_t>(std::clamp(std::nearbyint(rng.normal() * kDeviation), -128.0, 127.0));
  return values;
}

// A layer's operands in every type, the same numbers in all.
enum class Weights { normal, uniform, four_bits };

std::vector<std::int8_t> weight_codes(Weights kind, std::int64_t count) {
  if (kind == Weights::normal) return normal_codes(count, 2);
  return kind == Weights::uniform ? codes<std::int8_t>(count, -128, 127, 2) : codes<std::int8_t>(count, -8, 7, 2);
}

struct Layer {
  Shape shape;
  Weights kind;
  std::vector<std::uint8_t> x = codes<std::uint8_t>(shape.m * shape.k, 0, 127, 1);
  std::vector<std::int8_t> w = weight_codes(kind, shape.n* shape.k);
  std::vector<std::int16_t> x16 = std::vector<std::int16_t>(x.begin(), x.end());
  std::vector<std::int16_t> w16 = std::vector<std::int16_t>(w.begin(), w.end());
  std::vector<float> x32 = std::vector<float>(x.begin(), x.end()), w32 = std::vector<float>(w.begin(), w.end());
  std::vector<std::int32_t> sums = std::vector<std::int32_t>(static_cast<std::size_t>(shape.m * shape.n));
  std::vector<float> floats = std::vector<float>(sums.size());
  std::vector<std::int8_t> low = std::vector<std::int8_t>(sums.size());

  FixedLayer fixed(CodeType type) const { return {"bench", shape.n, shape.k, type, engine::code_range(type)}; }
  FixedLayer fixed16() const { return {"bench", shape.n, shape.k, CodeType::s16, {-512, 511}}; }
};

enum class Product { float32, u8_int8, u8_int8_uniform, s8_int8, s8_int8_requantized, u8_int4, int16, onednn };
constexpr std::pair<Product, const char*> kProducts[] = {
    {Product::float32, "float32"},
    {Product::u8_int8, "u8_int8"},
    {Product::u8_int8_uniform, "u8_int8_uniform"},
    {Product::s8_int8, "s8_int8"},
    {Product::s8_int8_requantized, "s8_int8_s8"},
    {Product::u8_int4, "u8_int4"},
    {Product::int16, "int16"},
    {Product::onednn, "onednn"},
};

// Of the operands and the result, each moved once.
std::int64_t bytes_of(Product product, Shape shape) {
  const auto [m, n, k] = shape;
  const bool is_float = product == Product::float32, is_short = product == Product::int16;
  const std::int64_t code = is_float ? 4 : is_short ? 2 : 1;
  const std::int64_t weights = product == Product::u8_int4 ? n * k / 2 : n * k * code;
  return m * k * code + weights + m * n * (product == Product::s8_int8_requantized ? 1 : 4);
}

void run_float(Layer& layer) {
  const auto [m, n, k] = layer.shape;
  engine::kernels::linear_forward(m, n, k, layer.x32.data(), k, layer.w32.data(), nullptr, engine::Activation::identity,
                                  nullptr, layer.floats.data(), n);
}

// Times `run` if it leaves in layer.sums what the float product, exact for these numbers, gives.
template <class Run>
void verify_and_measure(benchmark::State& state, Layer& layer, int n_threads, const Run& run) {
  const auto [m, n, k] = layer.shape;
  run_float(layer);
  run();
  if (!std::equal(layer.sums.begin(), layer.sums.end(), layer.floats.begin(),
                  [](std::int32_t a, float b) { return static_cast<float>(a) == b; })) {
    state.SkipWithError("the sums are wrong");
    return;
  }
  measure(state, 2.0 * static_cast<double>(m * n * k), n_threads, run);
}

void bench_fixed(benchmark::State& state, Product product, Shape shape, int n_threads) {
  const Weights kind = product == Product::u8_int4           ? Weights::four_bits
                       : product == Product::u8_int8_uniform ? Weights::uniform
                                                             : Weights::normal;
  Layer layer{shape, kind};
  engine::set_threads(n_threads);
  const auto [m, n, k] = shape;
  const auto fixed = [&](const PackedWeights& weights, const void* x) {
    verify_and_measure(state, layer, n_threads,
                       [&] { engine::kernels::fixed_linear(weights, m, x, k, layer.sums.data(), n); });
  };
  switch (product) {
    case Product::float32:
      measure(state, 2.0 * static_cast<double>(m * n * k), n_threads, [&] { run_float(layer); });
      break;
    case Product::u8_int8:
    case Product::u8_int8_uniform:
      fixed(PackedWeights(layer.fixed(CodeType::u8), 8, layer.w), layer.x.data());
      break;
    case Product::s8_int8:
      fixed(PackedWeights(layer.fixed(CodeType::s8), 8, layer.w), layer.x.data());
      break;
    case Product::s8_int8_requantized: {
      const PackedWeights weights(layer.fixed(CodeType::s8), 8, layer.w);
      const std::vector<int> shifts{7};
      const Requantizer requantizer(weights, {.shifts = shifts});
      measure(state, 2.0 * static_cast<double>(m * n * k), n_threads,
              [&] { engine::kernels::fixed_linear(weights, m, layer.x.data(), k, requantizer, layer.low.data(), n); });
      break;
    }
    case Product::u8_int4:
      fixed(PackedWeights(layer.fixed(CodeType::u8), 4, layer.w), layer.x.data());
      break;
    case Product::int16:
      fixed(PackedWeights(layer.fixed16(), layer.w16), layer.x16.data());
      break;
    case Product::onednn: {
      const OneDnnProduct peer(n_threads, m, n, k, layer.x.data(), layer.w.data(), layer.sums.data());
      state.SetLabel(peer.implementation());
      verify_and_measure(state, layer, n_threads, [&] { peer.run(); });
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * bytes_of(product, shape));
}

const bool kRegistered = [] {
  for (const int n_threads : {1, 2}) {
    for (const Shape shape : kShapes) {
      for (const auto& [product, name] : kProducts) {
        if (product == Product::onednn && !has_onednn()) continue;
        const std::string title =
            fmt::format("fixed_gemm/{}x{}x{}/threads:{}/{}", shape.m, shape.n, shape.k, n_threads, name);
        benchmark::RegisterBenchmark(title.c_str(), bench_fixed, product, shape, n_threads)
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
