#include "hw/emit/description.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compress/integer/runner.h"
#include "engine/base/rng.h"
#include "hw/passes/parallelism.h"

namespace ingot::hw {
namespace {

constexpr std::int64_t kMostVectors = 1000, kLeastVectors = 4;
constexpr std::int64_t kMostCycles = 50'000;  // that the vectors should take
constexpr std::int64_t kMostCodes = 1'000'000;

std::int64_t number_of_vectors(const Graph& graph) {
  const std::int64_t n = std::min(kMostCycles / interval(graph), kMostCodes / std::max(graph.n_in(), graph.n_out()));
  return std::clamp(n, kLeastVectors, kMostVectors);
}

// A quarter of the vectors consists of extremes, because uniform codes hardly ever saturate a sum.
Vectors random_vectors(const Graph& graph, std::int64_t n) {
  Vectors vectors{.n = n};
  engine::Rng rng(1, static_cast<std::uint64_t>(engine::Stream::test));
  const engine::CodeRange range = graph.input().codes();
  const auto size = static_cast<std::uint64_t>(range.highest - range.lowest + 1);
  for (std::int64_t v = 0; v < n; ++v) {
    for (std::int64_t i = 0; i < graph.n_in(); ++i) {
      const std::uint64_t drawn = v % 4 == 3 ? (size - 1) * rng.below(2) : rng.below(size);
      vectors.input.push_back(static_cast<std::int32_t>(range.lowest + static_cast<std::int64_t>(drawn)));
    }
  }
  vectors.output = compress::GraphRunner(graph).run(vectors.input);
  return vectors;
}

// The first `n_codes` codes in beats of `lanes`.
std::vector<std::string> beats(const std::vector<std::int32_t>& codes, std::int64_t n_codes, std::int64_t lanes,
                               const FixedPoint& format) {
  std::vector<std::string> words;
  for (std::int64_t i = 0; i < n_codes; i += lanes) {
    Word word;
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      word.append(codes[static_cast<std::size_t>(i + lane)], format.width);
    words.push_back(word.hex());
  }
  return words;
}

PackagePort port(std::int64_t size, std::int64_t lanes, const FixedPoint& format) {
  const std::string order =
      lanes == 1 ? "one a beat"
                 : fmt::format("{0} a beat: code i of beat b is number {0} b + i, in bits [{1} i +: {1}]", lanes,
                               format.width);
  return {.bits = lanes * format.width,
          .beats = size / lanes,
          .meaning = fmt::format("a vector is {} codes of {}, {}; {}; number = code / 2^{}", size, to_string(format),
                                 order, format.is_signed ? "two's complement" : "no sign", format.frac_bits)};
}

std::vector<std::pair<std::string, std::string>> facts(const Graph& graph) {
  std::vector<std::string> lanes;
  for (const Layer& layer : layers(graph))
    lanes.push_back(fmt::format("{} ({}) {} x {}", layer.name(), layer.kind().name, layer.parallelism().in,
                                layer.parallelism().out));
  const std::string note =
      graph.n_in() == graph.nodes.front().parallelism.in ? "" : ", counted from its first beat to the next one's";
  return {
      {"Cycles a vector", fmt::format("{}{}", interval(graph), note)},
      {"Latency", "`make` measures and prints it: cycles from the last beat of a vector to the first of its answer"},
      {"Layers, numbers in x out a cycle", fmt::format("{}", fmt::join(lanes, ", "))},
      {"Multiplications a cycle",
       products(graph) == multipliers(graph)
           ? std::to_string(products(graph))
           : fmt::format("{} by {} multipliers, of which some make two", products(graph), multipliers(graph))}};
}

}  // namespace

PackageInfo description(const Graph& graph, const Verilog& verilog, const std::string& name,
                        const std::optional<Vectors>& vectors) {
  const std::int64_t n = number_of_vectors(graph), in = graph.nodes.front().parallelism.in,
                     out = graph.nodes.back().parallelism.out;
  const Vectors sent = vectors && vectors->n > 0 ? *vectors : random_vectors(graph, n);
  const std::int64_t n_sent = std::min(n, sent.n);
  PackageInfo info{.top = name,
                   .title = fmt::format("{}: {} numbers of {} become {} of {}.", graph.name, graph.n_in(),
                                        to_string(graph.input()), graph.n_out(), to_string(graph.output())),
                   .input = port(graph.n_in(), in, graph.input()),
                   .output = port(graph.n_out(), out, graph.output()),
                   .sources = verilog.dependences,
                   .input_beats = beats(sent.input, n_sent * graph.n_in(), in, graph.input()),
                   .output_beats = beats(sent.output, n_sent * graph.n_out(), out, graph.output()),
                   .facts = facts(graph)};
  info.sources.push_back(name + ".sv");
  for (const Image& image : verilog.images) info.images.push_back(image.file());
  info.most_idle = 2000;
  for (const Layer& layer : layers(graph)) info.most_idle += 2 * interval(layer);
  return info;
}

}  // namespace ingot::hw
