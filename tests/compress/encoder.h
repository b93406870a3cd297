// Graphs of one operation of an encoder, and rounding in so many words.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "compress/integer/fused_runner.h"
#include "compress/integer/runner.h"
#include "tests/compress/graphs.h"

namespace ingot::test {

using Codes = std::vector<std::int32_t>;
using Wide = __int128;

inline constexpr engine::Rounding kRoundings[] = {engine::Rounding::nearest_even, engine::Rounding::floor,
                                                  engine::Rounding::half_away};

// R(numerator / denominator), denominator > 0.
inline Wide rounded(Wide numerator, Wide denominator, engine::Rounding rounding) {
  Wide below = numerator / denominator;
  if (below * denominator > numerator) --below;
  const Wide twice = 2 * (numerator - below * denominator);  // the distance, in halves of the denominator
  if (rounding == engine::Rounding::floor || twice < denominator) return below;
  if (twice > denominator) return below + 1;
  if (rounding == engine::Rounding::half_away) return numerator < 0 ? below : below + 1;
  return below % 2 == 0 ? below : below + 1;
}

// R(numerator 2^left / denominator) for a left of either sign.
inline Wide scaled(Wide numerator, int left, Wide denominator, engine::Rounding rounding) {
  return left >= 0 ? rounded(numerator * (Wide{1} << left), denominator, rounding)
                   : rounded(numerator, denominator * (Wide{1} << -left), rounding);
}

inline std::int32_t saturated(Wide code, const compress::FixedPoint& format) {
  const Wide count = Wide{1} << format.width, lowest = format.is_signed ? -count / 2 : 0;
  return static_cast<std::int32_t>(std::min(lowest + count - 1, std::max(lowest, code)));
}

inline compress::FixedPoint ufixed(int width, int frac_bits) {
  return {.width = width, .frac_bits = frac_bits, .is_signed = false, .rounding = engine::Rounding::nearest_even};
}

// One node `op`, which reads graph inputs alone.
inline compress::Graph operation_graph(const char* kind, std::any data, const std::vector<compress::Edge>& in,
                                       const compress::Edge& out) {
  compress::Graph graph{.name = "one"};
  std::vector<std::size_t> edges;
  for (const compress::Edge& edge : in) edges.push_back(compress::add_input(graph, edge));
  compress::add_node(graph, {.name = "op", .kind = &compress::operation(kind), .data = std::move(data)}, edges, {out});
  return graph;
}

// The only output of a graph that its check accepts, by plain loops and by kernels.
inline Codes run(const compress::Graph& graph, const std::vector<Codes>& in, compress::Texts texts = {}) {
  compress::check(graph);
  const Codes y = compress::GraphRunner(graph).run(in, texts).front();
  CHECK(compress::FusedRunner(graph).run(in, texts).front() == y);
  return y;
}

inline std::int64_t draw_between(engine::Rng& rng, std::int64_t lowest, std::int64_t highest) {
  return lowest + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(highest - lowest + 1)));
}

// Where texts of these lengths begin.
inline Codes borders(const std::vector<int>& lengths) {
  Codes texts{0};
  for (const int n : lengths) texts.push_back(texts.back() + n);
  return texts;
}

}  // namespace ingot::test
