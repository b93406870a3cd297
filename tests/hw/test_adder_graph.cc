// Constant matrices as adders: what they compute, and how few of them textbook cases need.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>

#include "engine/base/rng.h"
#include "hw/modules/adder_graph.h"

using namespace ingot;

namespace {

struct Constants {
  std::size_t n, k;
  std::vector<std::int32_t> weights;
  std::vector<std::int64_t> bias;

  hw::AdderGraph graph(const hw::Interval& input = {-128, 127}) const {
    return hw::share_sums({.weights = weights, .bias = bias, .n = n, .k = k, .input = input});
  }
};

Constants without_bias(std::size_t n, std::size_t k, std::vector<std::int32_t> weights) {
  return {n, k, std::move(weights), std::vector<std::int64_t>(n)};
}

std::int64_t adders(std::size_t n, std::size_t k, const std::vector<std::int32_t>& weights) {
  return without_bias(n, k, weights).graph().n_adders();
}

std::int64_t draw(engine::Rng& rng, std::int64_t lowest, std::int64_t highest) {
  return lowest + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(highest - lowest + 1)));
}

// Weights of so many bits; some rows are 0, of some all weights are powers of two.
Constants random_constants(engine::Rng& rng, std::size_t n, std::size_t k, int width) {
  Constants c{n, k, {}, {}};
  const std::int64_t highest = (std::int64_t{1} << (width - 1)) - 1;
  for (std::size_t j = 0; j < n; ++j) {
    const std::uint64_t kind = rng.below(8);
    for (std::size_t p = 0; p < k; ++p) {
      const std::int64_t power =
          (rng.below(2) != 0 ? 1 : -1) * (std::int64_t{1} << rng.below(static_cast<std::uint64_t>(width)));
      c.weights.push_back(static_cast<std::int32_t>(kind == 0   ? 0
                                                    : kind == 1 ? std::min(power, highest)
                                                    : kind == 2 ? -highest - 1
                                                                : draw(rng, -highest - 1, highest)));
    }
    c.bias.push_back(rng.below(3) == 0 ? 0 : draw(rng, -4 * highest - 4, 4 * highest));
  }
  return c;
}

// W x + b as it is written.
std::vector<std::int64_t> defined(const Constants& c, const std::vector<std::int64_t>& x) {
  std::vector<std::int64_t> y = c.bias;
  for (std::size_t j = 0; j < c.n; ++j) {
    for (std::size_t p = 0; p < c.k; ++p) y[j] += x[p] * c.weights[j * c.k + p];
  }
  return y;
}

// Digits that are not 0 in the shortest sum of signed powers of two, by trying: w is even, or w - 1 or w + 1 is taken.
int n_digits(std::int64_t w) {
  if (w == 0) return 0;
  if (w == 1 || w == -1) return 1;
  if (w % 2 == 0) return n_digits(w / 2);
  return 1 + std::min(n_digits((w - 1) / 2), n_digits((w + 1) / 2));
}

}  // namespace

TEST_CASE("the adders of a matrix compute the matrix") {
  engine::Rng rng(1);
  for (int i = 0; i < 60; ++i) {
    const Constants c = random_constants(rng, 1 + rng.below(9), 1 + rng.below(9), static_cast<int>(1 + rng.below(12)));
    const hw::AdderGraph graph = c.graph();
    for (int vector = 0; vector < 20; ++vector) {
      std::vector<std::int64_t> x(c.k);
      for (std::int64_t& value : x) value = vector == 0 ? -128 : vector == 1 ? 127 : draw(rng, -128, 127);
      CHECK(graph.run(x) == defined(c, x));
    }
  }
}

TEST_CASE("no matrix takes more adders than its digits one by one, and each is read") {
  engine::Rng rng(2);
  for (int i = 0; i < 40; ++i) {
    const Constants c = random_constants(rng, 1 + rng.below(9), 1 + rng.below(9), static_cast<int>(2 + rng.below(8)));
    std::int64_t one_by_one = 0;
    for (std::size_t j = 0; j < c.n; ++j) {
      int terms = c.bias[j] != 0 ? 1 : 0;
      for (std::size_t p = 0; p < c.k; ++p) terms += n_digits(c.weights[j * c.k + p]);
      one_by_one += std::max(terms - 1, 0) + 1;  // and at most one to make it positive
    }
    const hw::AdderGraph graph = c.graph();
    CHECK(graph.n_adders() <= one_by_one);
    std::vector<int> n_reads(graph.nodes().size());
    const auto read = [&](const hw::Addend& a) {
      if (a.node >= 0) ++n_reads[static_cast<std::size_t>(a.node)];
    };
    for (const hw::AdderGraph::Node& node : graph.nodes()) {
      read(node.adder.a);
      read(node.adder.b);
    }
    for (const hw::Addend& output : graph.outputs()) read(output);
    for (std::size_t node = c.k; node < n_reads.size(); ++node) CHECK(n_reads[node] > 0);
  }
}

TEST_CASE("the adders of textbook cases are counted") {
  CHECK(adders(1, 1, {0}) == 0);
  CHECK(adders(1, 1, {64}) == 0);
  CHECK(adders(1, 1, {3}) == 1);                  // x + 2x
  CHECK(adders(1, 1, {7}) == 1);                  // 8x - x
  CHECK(adders(1, 1, {-128}) == 1);               // 0 - 128x
  CHECK(adders(1, 1, {45}) == 2);                 // 5 9
  CHECK(adders(1, 1, {105}) == 2);                // 15 7: (1 - 16) (1 - 8)
  CHECK(adders(2, 1, {7, 14}) == 1);              // a shift is no adder
  CHECK(adders(3, 1, {5, 20, -10}) == 2);         // nor is any but a sign
  CHECK(adders(2, 2, {1, 1, 1, -1}) == 2);        // sum and difference have nothing in common
  CHECK(adders(2, 3, {1, 1, 1, 1, 1, -1}) == 3);  // x0 + x1 once
  CHECK(adders(2, 3, {1, 4, 1, 2, 8, 0}) == 2);   // x0 + 4 x1, and twice of it
  CHECK(adders(4, 4,
               {1, 1, 1, 1, 1, -1, 1, -1,            // Hadamard's of order 4: 8, as its fast transform,
                1, 1, -1, -1, 1, -1, -1, 1}) == 8);  // instead of 12
}

TEST_CASE("what many rows share is taken first: matrices take far fewer adders than their digits one by one") {
  std::vector<std::int32_t> hadamard;  // of order 16: the fast transform takes 16 x 4, rows one by one 16 x 15
  for (unsigned i = 0; i < 256; ++i) hadamard.push_back(std::popcount(i / 16 & i % 16) % 2 == 0 ? 1 : -1);
  CHECK(adders(16, 16, hadamard) == 64);
  engine::Rng rng(7);
  std::int64_t taken = 0, one_by_one = 0;
  for (int i = 0; i < 4; ++i) {
    std::vector<std::int32_t> weights;
    for (int at = 0; at < 256; ++at) weights.push_back(static_cast<std::int32_t>(draw(rng, -128, 127)));
    for (const std::int32_t w : weights) one_by_one += n_digits(w);
    one_by_one -= 16;
    taken += adders(16, 16, weights);
  }
  CHECK(100 * taken < 56 * one_by_one);  // 1,491 of 2,759; without an order 1,979
}

TEST_CASE("an adder is as wide as its largest sum, and low bits that pass are not added") {
  const hw::AdderGraph seven = without_bias(1, 1, {7}).graph({-128, 127});
  CHECK(seven.at(seven.outputs()[0].node).width == 11);  // -896 .. 889, though 8x alone has 11 and x has 8
  const hw::AdderGraph nine = without_bias(1, 1, {9}).graph({0, 255});
  CHECK(nine.at(nine.outputs()[0].node).width == 13);  // 0 .. 2295, and a sign
  CHECK(nine.bits() == 10);                            // x + (x << 3): three bits of x pass
}

TEST_CASE("the same matrix gives the same adders") {
  engine::Rng rng(3);
  const Constants c = random_constants(rng, 8, 8, 8);
  const hw::AdderGraph a = c.graph(), b = c.graph();
  REQUIRE(a.nodes().size() == b.nodes().size());
  for (std::size_t i = 0; i < a.nodes().size(); ++i) {
    for (const auto& [u, v] : {std::pair(a.nodes()[i].adder.a, b.nodes()[i].adder.a),
                               std::pair(a.nodes()[i].adder.b, b.nodes()[i].adder.b)}) {
      CHECK(u.node == v.node);
      CHECK(u.shift == v.shift);
      CHECK(u.is_negative == v.is_negative);
    }
  }
}
