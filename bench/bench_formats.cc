// Numbers per second of every format of the list, on a batch of activations of BERT-tiny.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "compress/formats/kind.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"

namespace ingot::bench {
namespace {

std::vector<float> normal_noise(std::size_t count) {
  engine::Rng rng(1);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = i < 65536 ? static_cast<float>(rng.normal()) : values[i - 65536];
  }
  return values;
}

std::vector<float> quantized(const compress::Format& format, const engine::Shape& shape, const std::vector<float>& x,
                             const compress::QuantizeOptions& options) {
  std::vector<float> y(x.size());
  compress::quantize(format, shape, x, y, options);
  return y;
}

void bench_format(benchmark::State& state, const std::string& text, compress::Mode mode) {
  const std::int64_t rows = state.range(0), columns = state.range(1);
  const compress::Format format = compress::parse_format(text);
  const engine::Shape shape{rows, columns};
  const compress::QuantizeOptions options{.mode = mode};
  const std::vector<float> x = normal_noise(static_cast<std::size_t>(rows * columns));
  engine::set_threads(1);
  std::vector<float> y = quantized(format, shape, x, options);
  engine::set_threads(static_cast<int>(state.range(2)));
  if (quantized(format, shape, x, options) != y) return state.SkipWithError("threads change the result");
  for (auto call : state) compress::quantize(format, shape, x, y, options);
  state.SetItemsProcessed(state.iterations() * rows * columns);
  state.SetBytesProcessed(state.iterations() * rows * columns * 8);
}

const bool kRegistered = [] {
  std::vector<std::string> texts{"fixed(8,4,floor)", "fixed(8,4,stochastic)", "mx(int8)", "binary", "ternary"};
  for (const compress::FormatKind* kind : compress::format_kinds()) texts.emplace_back(kind->example);
  for (const std::string& text : texts) {
    for (const compress::Mode mode : {compress::Mode::standard, compress::Mode::mase}) {
      const compress::Format format = compress::parse_format(text);
      if (mode == compress::Mode::mase && *format.kind().mase_gap(format) != '\0') continue;
      const std::string name = "format/" + text + (mode == compress::Mode::mase ? "/mase" : "");
      benchmark::RegisterBenchmark(name.c_str(), bench_format, text, mode)
          ->ArgNames({"rows", "columns", "threads"})
          ->ArgsProduct({{4096}, {128}, {1, 2}})
          ->UseRealTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace ingot::bench
