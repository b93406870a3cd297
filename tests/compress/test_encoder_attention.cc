// Attention in integers: against its definition in 128 bits, and against the real softmax.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "compress/integer/ops/attention.h"
#include "tests/compress/encoder.h"

using namespace ingot;
using compress::Attention;
using compress::FixedPoint;
using compress::Graph;
using engine::Rounding;
using test::borders;
using test::Codes;
using test::draw_between;
using test::fixed;
using test::kRoundings;
using test::run;
using test::saturated;
using test::scaled;
using test::Wide;

namespace {

// Queries, keys and values of one attention; y of all texts.
struct Heads {
  Attention attention;
  FixedPoint query, key, value, out;
  std::int64_t size;

  Graph graph() const {
    return test::operation_graph("attention", attention, {{query, size}, {key, size}, {value, size}}, {out, size});
  }
};

// The scores of query i in the head that begins at column `at`, for keys first to last.
std::vector<Wide> defined_scores(const Heads& h, const Codes& q, const Codes& k, std::int64_t i, std::int64_t at,
                                 std::int64_t first, std::int64_t last) {
  const std::int64_t part = h.size / h.attention.n_heads;
  std::vector<Wide> scores;
  for (std::int64_t j = first; j < last; ++j) {
    Wide dot = 0;
    for (std::int64_t p = at; p < at + part; ++p)
      dot += Wide{q[static_cast<std::size_t>(i * h.size + p)]} * k[static_cast<std::size_t>(j * h.size + p)];
    scores.push_back(saturated(scaled(dot * h.attention.multiplier, -h.attention.shift, 1, Rounding::nearest_even),
                               fixed(h.attention.score_width, 0)));
  }
  return scores;
}

// All texts as attention.h defines them: the quotient is a fraction of integers, rounded once.
Codes defined_attention(const Heads& h, const std::vector<Codes>& in, const Codes& texts) {
  const std::int64_t part = h.size / h.attention.n_heads;
  Codes y(in[0].size());
  for (std::size_t t = 0; t + 1 < texts.size(); ++t) {
    for (std::int64_t i = texts[t]; i < texts[t + 1]; ++i) {
      for (std::int64_t column = 0; column < h.size; ++column) {
        const std::vector<Wide> s = defined_scores(h, in[0], in[1], i, column / part * part, texts[t], texts[t + 1]);
        Wide highest = s[0], sum = 0, total = 0;
        for (const Wide score : s) highest = std::max(highest, score);
        for (std::size_t j = 0; j < s.size(); ++j) {
          const Wide distance = std::min(highest - s[j], Wide{255});
          const Wide e = h.attention.exponentials[static_cast<std::size_t>(distance)];
          const std::int64_t row = texts[t] + static_cast<std::int64_t>(j);
          sum += e * in[2][static_cast<std::size_t>(row * h.size + column)];
          total += e;
        }
        y[static_cast<std::size_t>(i * h.size + column)] =
            saturated(scaled(sum, h.out.frac_bits - h.value.frac_bits, total, *h.out.rounding), h.out);
      }
    }
  }
  return y;
}

// Codes of which some are all, some at the ends, and some all the same.
Codes draw_extreme(engine::Rng& rng, const FixedPoint& format, std::int64_t n) {
  const auto [lowest, highest] = format.codes();
  const std::uint64_t kind = rng.below(4);
  const std::int64_t same = draw_between(rng, lowest, highest);
  Codes codes;
  for (std::int64_t i = 0; i < n; ++i)
    codes.push_back(static_cast<std::int32_t>(kind == 0   ? same
                                              : kind == 1 ? (rng.below(2) != 0 ? lowest : highest)
                                                          : draw_between(rng, lowest, highest)));
  return codes;
}

Heads draw_heads(engine::Rng& rng, std::int64_t n_heads, std::int64_t part) {
  Heads h{.attention = {.n_heads = n_heads, .longest = 40},
          .query = fixed(8, 4),
          .key = fixed(static_cast<int>(4 + rng.below(5)), 3),
          .value = fixed(8, static_cast<int>(2 + rng.below(6))),
          .out = fixed(rng.below(2) != 0 ? 8 : 12, 4, kRoundings[rng.below(3)]),
          .size = n_heads * part};
  compress::set_scale(h.attention, part, 7, 4);
  if (rng.below(2) != 0) {
    h.attention.multiplier = static_cast<std::int32_t>(draw_between(rng, 1, 32767));
    h.attention.shift = static_cast<int>(draw_between(rng, 10, 24));
  }
  h.attention.score_width = static_cast<int>(draw_between(rng, 6, 14));
  h.attention.exponential_width = static_cast<int>(draw_between(rng, 4, 16));
  h.attention.exponentials = rng.below(2) != 0 ? compress::exponential_table(h.attention.exponential_width, 4)
                                               : compress::line_table(h.attention.exponential_width, 4);
  return h;
}

// Keys that are scores: one head of one number, and queries of 1. Their step is 1/16.
Heads plain_scores(int width) {
  return {.attention = {.longest = 512, .exponentials = compress::exponential_table(16, 4)},
          .query = fixed(2, 0),
          .key = fixed(width, 4),
          .value = fixed(8, 6),
          .out = fixed(8, 6),
          .size = 1};
}

// How far the codes of a text's first queries are from the softmax of their rounded scores, in steps of the output.
double softmax_error(const Heads& h, const std::vector<Codes>& in, const Codes& y) {
  const std::int64_t part = h.size / h.attention.n_heads, n = static_cast<std::int64_t>(in[1].size()) / h.size;
  const std::int64_t n_queries = static_cast<std::int64_t>(in[0].size()) / h.size;
  long double worst = 0;
  for (std::int64_t i = 0; i < n_queries; ++i) {
    for (std::int64_t column = 0; column < h.size; ++column) {
      const std::vector<Wide> s = defined_scores(h, in[0], in[1], i, column / part * part, 0, n);
      const Wide highest = *std::max_element(s.begin(), s.end());
      long double sum = 0, total = 0;
      for (std::int64_t j = 0; j < n; ++j) {
        const long double e = std::exp(static_cast<long double>(s[static_cast<std::size_t>(j)] - highest) / 16);
        sum += e * in[2][static_cast<std::size_t>(j * h.size + column)];
        total += e;
      }
      const long double steps = std::ldexp(sum / total, h.out.frac_bits - h.value.frac_bits);
      worst = std::max(worst, std::abs(steps - y[static_cast<std::size_t>(i * h.size + column)]));
    }
  }
  return static_cast<double>(worst);
}

}  // namespace

TEST_CASE("attention is its definition, for random and extreme codes, heads, scales and lengths") {
  engine::Rng rng(21);
  for (const std::int64_t part : {1, 4, 16, 64}) {
    for (int trial = 0; trial < 40; ++trial) {
      const Heads h = draw_heads(rng, draw_between(rng, 1, part == 64 ? 2 : 3), part);
      const Codes texts = borders({static_cast<int>(draw_between(rng, 1, part == 64 ? 8 : 16)), 1,
                                   static_cast<int>(draw_between(rng, 1, trial == 0 ? 40 : 8))});
      std::vector<Codes> in;
      for (const FixedPoint& format : {h.query, h.key, h.value})
        in.push_back(draw_extreme(rng, format, texts.back() * h.size));
      CAPTURE(part);
      CAPTURE(trial);
      CHECK(run(h.graph(), in, texts) == defined_attention(h, in, texts));
    }
  }
}

TEST_CASE("one score far above the others, and just inside and outside of the table, weigh as the table says") {
  Heads h = plain_scores(12);
  h.attention.exponentials.assign(256, 3);
  h.attention.exponentials[0] = 5;
  h.attention.exponentials[254] = 2;
  h.attention.exponentials[255] = 1;
  h.value = h.out = fixed(16, 0);
  const auto y = [&](const Codes& keys, const Codes& values) {
    return run(h.graph(), {Codes(keys.size(), 1), keys, values}, borders({static_cast<int>(keys.size())})).front();
  };
  CHECK(y({100, 100 - 254}, {0, 700}) == 200);       // 2 / 7
  CHECK(y({100, 100 - 255}, {0, 600}) == 100);       // 1 / 6
  CHECK(y({2047, -2048}, {0, 600}) == 100);          // beyond the table: its last entry
  CHECK(y({100, 100, 100}, {10, 20, 60}) == 30);     // all the same
  CHECK(y({100 - 1, 100, 100}, {130, 0, 0}) == 30);  // 3 / 13
}

TEST_CASE("texts do not see one another, and their order does not matter") {
  engine::Rng rng(22);
  const Heads h = draw_heads(rng, 2, 4);
  const Graph graph = h.graph();
  const std::vector<int> lengths{5, 1, 12, 3};
  std::vector<Codes> in(3), backwards(3);
  Codes apart, apart_backwards;
  for (const int n : lengths) {
    std::vector<Codes> one;
    for (const FixedPoint& format : {h.query, h.key, h.value}) one.push_back(test::draw_codes(rng, format, n * h.size));
    const Codes y = run(graph, one, borders({n}));
    for (std::size_t i = 0; i < 3; ++i) {
      in[i].insert(in[i].end(), one[i].begin(), one[i].end());
      backwards[i].insert(backwards[i].begin(), one[i].begin(), one[i].end());
    }
    apart.insert(apart.end(), y.begin(), y.end());
    apart_backwards.insert(apart_backwards.begin(), y.begin(), y.end());
  }
  CHECK(run(graph, in, borders(lengths)) == apart);
  CHECK(run(graph, backwards, borders({3, 12, 1, 5})) == apart_backwards);
  // Without borders each row is a text, and attends to itself alone: its value in the format of the output.
  const Codes alone = run(graph, in);
  for (std::size_t i = 0; i < alone.size(); ++i)
    REQUIRE(alone[i] == saturated(scaled(in[2][i], h.out.frac_bits - h.value.frac_bits, 1, *h.out.rounding), h.out));
}

TEST_CASE("attention is within 0.51 of an 8-bit step of the softmax of its scores for random rows to length 128") {
  engine::Rng rng(23);
  double worst = 0;
  for (int trial = 0; trial < 60; ++trial) {
    Heads h{.attention = {.n_heads = 2, .longest = 128, .exponentials = compress::exponential_table(16, 4)},
            .query = fixed(8, static_cast<int>(2 + rng.below(6))),
            .key = fixed(8, static_cast<int>(2 + rng.below(6))),
            .value = fixed(8, 5),
            .out = fixed(8, 5),
            .size = 8};
    compress::set_scale(h.attention, 4, h.query.frac_bits + h.key.frac_bits, 4);
    const auto n = static_cast<int>(trial == 0 ? 128 : draw_between(rng, 1, 64));
    std::vector<Codes> in;
    for (const FixedPoint& format : {h.query, h.key, h.value}) in.push_back(test::draw_codes(rng, format, n * h.size));
    worst = std::max(worst, softmax_error(h, in, run(h.graph(), in, borders({n}))));
  }
  CAPTURE(worst);
  CHECK(worst <= 0.51);
}

TEST_CASE("attention is within 1.5 steps of softmax for every row to length 512: at worst all but one are far below") {
  const Heads h = plain_scores(12);
  engine::Rng rng(24);
  double worst = 0;
  for (int below = 1; below <= 260; below += below < 150 ? 10 : 1) {  // from 150 on entries are below 6
    for (int n_others = 0; n_others < 4; ++n_others) {
      Codes query(512, 0), key(512, -below), value(512, 127);
      query[0] = 1;
      key[0] = 0;
      value[0] = -128;
      for (std::size_t i = 1; i <= static_cast<std::size_t>(n_others); ++i) {  // they move the quotient between codes
        key[i] = static_cast<std::int32_t>(-draw_between(rng, 20, 120));
        value[i] = static_cast<std::int32_t>(draw_between(rng, -128, 127));
      }
      worst = std::max(worst, softmax_error(h, {{1}, key, value}, run(h.graph(), {query, key, value}, borders({512}))));
    }
  }
  CAPTURE(worst);
  CHECK(worst > 1.3);  // the rows are bad ones
  CHECK(worst <= 1.5);
}

TEST_CASE("exponentials are the rounded real ones, and the line meets them at the powers of two") {
  for (const int width : {1, 8, 16}) {
    for (const int frac_bits : {2, 4, 6}) {
      const long double unit = std::ldexp(1.0L, width) - 1;
      const Codes real = compress::exponential_table(width, frac_bits), line = compress::line_table(width, frac_bits);
      REQUIRE(real.size() == 256);
      REQUIRE(line.size() == 256);
      CHECK(real[0] == (1 << width) - 1);
      CHECK(line[0] == (1 << width) - 1);
      for (int t = 0; t < 256; ++t) {
        const long double x = std::ldexp(static_cast<long double>(t), -frac_bits);
        REQUIRE(real[static_cast<std::size_t>(t)] == std::lround(unit * std::exp(-x)));
        const auto steps = static_cast<std::int64_t>(std::floor(x / std::log(2.0L) * 256));  // of 2^-8
        const long double power =
            std::ldexp(1 - static_cast<long double>(steps % 256) / 512, -static_cast<int>(steps / 256));
        REQUIRE(line[static_cast<std::size_t>(t)] == static_cast<std::int32_t>(std::nearbyint(unit * power)));
        // A chord lies above a power by 6.2% of it at most, and a step of 2^-8 by 0.3%.
        REQUIRE(std::abs(line[static_cast<std::size_t>(t)] - unit * std::exp(-x)) <=
                0.065L * unit * std::exp(-x) + 0.5L);
      }
    }
  }
}

TEST_CASE("the scale of scores is exact for parts of 4, 16 and 64, and else within 2^-15 of itself") {
  for (std::int64_t part = 1; part <= 4096; ++part) {
    for (const int frac_bits : {-3, 7, 12}) {
      Attention attention;
      compress::set_scale(attention, part, frac_bits, 4);
      const long double real = std::ldexp(1 / std::sqrt(static_cast<long double>(part)), 4 - frac_bits);
      const long double scale = std::ldexp(static_cast<long double>(attention.multiplier), -attention.shift);
      CAPTURE(part);
      REQUIRE(attention.multiplier >= 1);
      REQUIRE(attention.multiplier <= 32767);
      REQUIRE(std::abs(scale / real - 1) <= 0x1p-15L);
      if (part == 1 || part == 4 || part == 16 || part == 64 || part == 1024) {
        REQUIRE(scale == real);
        REQUIRE(attention.multiplier == 1);
      }
    }
  }
}
