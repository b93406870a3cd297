#include "hw/synthesis/sweep.h"

#include <algorithm>
#include <cmath>

#include "compress/integer/ops/linear.h"
#include "engine/base/rng.h"

namespace ingot::hw {
namespace {

constexpr int kRounds = 20000;

std::int64_t draw(engine::Rng& rng, std::int64_t lowest, std::int64_t highest) {
  return lowest + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(highest - lowest + 1)));
}

std::int64_t draw_code(engine::Rng& rng, int width) {
  const engine::CodeRange range = engine::code_range(width, true);
  return draw(rng, range.lowest, range.highest);
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

std::vector<LinearShape> sweep_shapes(std::int64_t n, std::uint64_t seed) {
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::sampling) << 56);
  std::vector<LinearShape> shapes;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t in = std::int64_t{1} << draw(rng, 0, 3), out = std::int64_t{1} << draw(rng, 0, 2);
    const auto width = [&] { return static_cast<int>(draw(rng, 2, 8)); };
    shapes.push_back({.n = out * draw(rng, 1, 64 / out),
                      .k = in * draw(rng, (3 + in) / in, 64 / in),
                      .input_width = width(),
                      .weight_width = width(),
                      .output_width = width(),
                      .parallelism = {in, out}});
  }
  return shapes;
}

Graph random_layer(const LinearShape& s, std::uint64_t seed) {
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::initialisation) << 56);
  compress::Linear linear{.n = s.n, .k = s.k, .weight_width = s.weight_width};
  linear.weight_frac_bits.assign(static_cast<std::size_t>(s.n), 0);
  for (std::int64_t i = 0; i < s.n * s.k; ++i)
    linear.weights.push_back(static_cast<std::int32_t>(draw_code(rng, s.weight_width)));
  for (std::int64_t j = 0; j < s.n; ++j) linear.bias.push_back(draw_code(rng, s.input_width + s.weight_width));
  const int shift = std::max(1, (s.input_width + s.weight_width) / 2);
  const FixedPoint input{s.input_width, 0, true, engine::Rounding::nearest_even},
      output{s.output_width, -shift, true, engine::Rounding::nearest_even};
  Graph graph{.name = "layer"};
  append(
      graph,
      {.name = "fc", .kind = &compress::operation("linear"), .data = std::move(linear), .parallelism = s.parallelism},
      {input, s.k}, {output, s.n});
  return graph;
}

// By descent along one coordinate after the other, which keeps them from becoming negative; rows are scaled by 1 /
// value.
std::vector<double> fit(const std::vector<std::vector<double>>& features, const std::vector<double>& values) {
  const std::size_t n = features.front().size();
  std::vector<std::vector<double>> squares(n, std::vector<double>(n));
  std::vector<double> target(n), c(n);
  for (std::size_t row = 0; row < values.size(); ++row) {
    for (std::size_t i = 0; i < n; ++i) {
      const double scaled = features[row][i] / values[row];
      target[i] += scaled;
      for (std::size_t j = 0; j < n; ++j) squares[i][j] += scaled * features[row][j] / values[row];
    }
  }
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < n; ++i) {
      if (squares[i][i] > 0) c[i] = std::max(0.0, c[i] + (target[i] - dot(squares[i], c)) / squares[i][i]);
    }
  }
  return c;
}

std::vector<double> left_out_errors(const std::vector<std::vector<double>>& features,
                                    const std::vector<double>& values) {
  std::vector<double> errors;
  for (std::size_t out = 0; out < values.size(); ++out) {
    std::vector<std::vector<double>> f = features;
    std::vector<double> v = values;
    f.erase(f.begin() + static_cast<std::ptrdiff_t>(out));
    v.erase(v.begin() + static_cast<std::ptrdiff_t>(out));
    errors.push_back(dot(fit(f, v), features[out]) / values[out] - 1);
  }
  return errors;
}

}  // namespace ingot::hw
