// The operations of an encoder in integers: against their definitions in 128 bits and in words, and against the real
// functions. INGOT_TEST_ROWS: how many rows of layer normalisation are compared with the real function.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "compress/encoder_nodes.h"
#include "compress/integer/ops/embedding.h"
#include "compress/integer/ops/layer_norm.h"
#include "tests/compress/encoder.h"
#include "tests/compress/small_model.h"
#include "tests/support/error_text.h"

using namespace ingot;
using compress::Edge;
using compress::FixedPoint;
using compress::Graph;
using compress::LayerNorm;
using engine::Rounding;
using test::borders;
using test::Codes;
using test::contains;
using test::draw_between;
using test::error_text;
using test::fixed;
using test::kRoundings;
using test::rounded;
using test::run;
using test::saturated;
using test::scaled;
using test::ufixed;
using test::Wide;

namespace {

Graph norm_graph(const LayerNorm& norm, const FixedPoint& in, const FixedPoint& out) {
  const auto n = static_cast<std::int64_t>(norm.gamma.size());
  return test::operation_graph("layer_norm", norm, {{in, n}}, {out, n});
}

// n V as the variance of what n codes stand for.
Wide variance(const Codes& x, Wide epsilon) {
  Wide sum = 0, squares = 0;
  for (const Wide code : x) sum += code, squares += code * code;
  return static_cast<Wide>(x.size()) * squares - sum * sum + epsilon;
}

// The largest r of 16 bits with r^2 <= m, by search.
Wide root_of(Wide m) {
  Wide low = 0, high = 65536;
  while (high - low > 1) {
    const Wide middle = (low + high) / 2;
    (middle * middle <= m ? low : high) = middle;
  }
  return low;
}

// One row as layer_norm.h defines it.
Codes defined_norm(const LayerNorm& norm, const FixedPoint& out, const Codes& x) {
  const Wide n = static_cast<Wide>(x.size()), v = variance(x, norm.epsilon);
  Wide sum = 0, m = v, c = 0;
  for (const Wide code : x) sum += code;
  int h = 0;
  if (v > 0) {
    for (; m < (Wide{1} << 30); ++h) m *= 4;
    for (; m >= (Wide{1} << 32); --h) m /= 4;
    c = norm.root_table.empty() ? rounded(Wide{1} << 32, root_of(m), Rounding::nearest_even)
                                : norm.root_table[static_cast<std::size_t>(m / (1 << 24)) - 64];
  }
  const int frac_bits = 16 + norm.gamma_frac_bits;
  Codes y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Wide z = scaled((n * x[i] - sum) * c, h - 16, 1, Rounding::nearest_even);
    const Wide total = z * norm.gamma[i] + norm.beta[i] * (Wide{1} << (frac_bits - norm.beta_frac_bits));
    y.push_back(saturated(scaled(total, out.frac_bits - frac_bits, 1, *out.rounding), out));
  }
  return y;
}

// A row of n codes that fills or uses little of the format: what normalisation may meet.
Codes draw_row(engine::Rng& rng, const FixedPoint& format, std::int64_t n) {
  const auto [lowest, highest] = format.codes();
  const std::int64_t spread = std::int64_t{1} << rng.below(static_cast<std::uint64_t>(format.width));
  const std::int64_t middle = draw_between(rng, lowest, highest);
  const auto near = [&] { return std::clamp(middle + draw_between(rng, -spread, spread), lowest, highest); };
  const std::uint64_t kind = rng.below(6);
  const std::array two{near(), near()};
  Codes x;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t code = kind == 0   ? middle                                  // constant
                              : kind == 1 ? two[i == 0]                             // one differs
                              : kind == 2 ? two[rng.below(2)]                       // two levels
                              : kind == 3 ? (rng.below(2) != 0 ? lowest : highest)  // saturated
                                          : near();
    x.push_back(static_cast<std::int32_t>(code));
  }
  return x;
}

LayerNorm draw_norm(engine::Rng& rng, std::int64_t n, int gamma_bits, int beta_bits) {
  LayerNorm norm{.gamma_frac_bits = 6, .beta_frac_bits = static_cast<int>(rng.below(12))};
  for (std::int64_t i = 0; i < n; ++i) {
    norm.gamma.push_back(static_cast<std::int32_t>(test::draw_code(rng, gamma_bits)));
    norm.beta.push_back(static_cast<std::int32_t>(test::draw_code(rng, beta_bits)));
  }
  return norm;
}

// How far codes are from the real function of a row, in steps of the output, beside what saturation takes.
double norm_error(const LayerNorm& norm, const FixedPoint& out, const Codes& x, const std::int32_t* y) {
  const auto n = static_cast<long double>(x.size());
  const long double root = std::sqrt(static_cast<long double>(variance(x, norm.epsilon)));
  long double sum = 0, worst = 0;
  for (const long double code : x) sum += code;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double z = root > 0 ? (n * x[i] - sum) / root : 0.0L;
    const long double real = z * std::ldexp(static_cast<long double>(norm.gamma[i]), -norm.gamma_frac_bits) +
                             std::ldexp(static_cast<long double>(norm.beta[i]), -norm.beta_frac_bits);
    const long double steps = std::clamp(std::ldexp(real, out.frac_bits), static_cast<long double>(out.codes().lowest),
                                         static_cast<long double>(out.codes().highest));
    worst = std::max(worst, std::abs(steps - y[i]));
  }
  return static_cast<double>(worst);
}

}  // namespace

TEST_CASE("layer normalisation is its definition, for rows of all sizes, widths and roundings") {
  engine::Rng rng(11);
  for (const std::int64_t n : {1, 2, 3, 64, 128, 512}) {
    for (const int width : {2, 8, 12, 16, 22}) {
      for (const Rounding rounding : kRoundings) {
        for (const bool has_table : {false, true}) {
          CAPTURE(n);
          CAPTURE(width);
          const FixedPoint in = fixed(width, 3), out = fixed(n == 3 ? 16 : 8, 4, rounding);
          LayerNorm norm = draw_norm(rng, n, 8, 10);
          if (has_table) norm.root_table = compress::make_root_table();
          if (rng.below(2) != 0) norm.epsilon = std::int64_t{1} << rng.below(44);
          Codes x, expected;
          for (int row = 0; row < 12; ++row) {
            const Codes one = row == 0 ? Codes(static_cast<std::size_t>(n), -1) : draw_row(rng, in, n);  // row 0: V = 0
            const Codes y = defined_norm(norm, out, one);
            x.insert(x.end(), one.begin(), one.end());
            expected.insert(expected.end(), y.begin(), y.end());
          }
          CHECK(run(norm_graph(norm, in, out), {x}) == expected);
        }
      }
    }
  }
}

TEST_CASE("a row without variance gives beta, and where epsilon is the variance rows shrink by its root") {
  LayerNorm norm{.gamma = {64, -64}, .beta = {5, -9}, .gamma_frac_bits = 6, .beta_frac_bits = 2};
  CHECK(run(norm_graph(norm, fixed(8, 0), fixed(12, 6)), {{7, 7, -3, -3}}) == Codes{80, -144, 80, -144});
  CHECK(run(norm_graph(norm, fixed(8, 0), fixed(12, 6)), {{7, 5}}) == Codes{64 + 80, 64 - 144});  // z = 1, -1
  norm.epsilon = 12;  // V = 4 + 12: z = 2 / 4
  CHECK(run(norm_graph(norm, fixed(8, 0), fixed(12, 6)), {{7, 5}}) == Codes{32 + 80, 32 - 144});
}

TEST_CASE("rows with unsigned codes are normalised too") {
  engine::Rng rng(12);
  const LayerNorm norm = draw_norm(rng, 24, 8, 8);
  Codes x;
  for (int i = 0; i < 24; ++i) x.push_back(static_cast<std::int32_t>(rng.below(256)));
  CHECK(run(norm_graph(norm, ufixed(8, 2), fixed(9, 4)), {x}) == defined_norm(norm, fixed(9, 4), x));
}

TEST_CASE("epsilon and the table of roots are the rounded real ones") {
  CHECK(compress::norm_epsilon(1e-12, 128, 4) == 0);
  CHECK(compress::norm_epsilon(1e-5, 128, 10) == 171799);  // 1e-5 128^2 4^10 = 171798.69
  CHECK(compress::norm_epsilon(0.5, 3, 0) == 4);           // 4.5, to even
  CHECK(compress::norm_epsilon(1, 512, 30) == std::int64_t{1} << 61);
  const std::vector<std::int32_t> table = compress::make_root_table();
  REQUIRE(table.size() == 192);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const long double m = (64.5L + static_cast<long double>(i)) * 16777216;
    CHECK(table[i] == std::lround(4294967296.0L / std::sqrt(m)));
  }
}

TEST_CASE("layer normalisation is within 0.51 of an 8-bit step of the real function") {
  const char* asked = std::getenv("INGOT_TEST_ROWS");
  const long n_rows = asked != nullptr ? std::atol(asked) : 20000;
  engine::Rng rng(13);
  double worst = 0;
  std::string where;
  for (long row = 0; row < n_rows;) {
    const std::int64_t n = std::array<std::int64_t, 6>{2, 3, 16, 64, 128, 512}[rng.below(6)];
    const FixedPoint in = fixed(static_cast<int>(4 + rng.below(16)), 4);
    // gamma reaches 2 in steps of 2^-6, the output +-1 to +-32, beta half of that.
    const FixedPoint out = fixed(8, static_cast<int>(2 + rng.below(6)));
    LayerNorm norm = draw_norm(rng, n, 8, 8);
    norm.beta_frac_bits = out.frac_bits + 1;
    if (rng.below(2) != 0) norm.epsilon = std::int64_t{1} << rng.below(30);
    const Graph graph = norm_graph(norm, in, out);
    Codes x;
    std::vector<Codes> rows;
    for (int i = 0; i < 50; ++i, ++row) {
      rows.push_back(draw_row(rng, in, n));
      x.insert(x.end(), rows.back().begin(), rows.back().end());
    }
    const Codes y = run(graph, {x});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double error = norm_error(norm, out, rows[i], &y[i * static_cast<std::size_t>(n)]);
      if (error <= worst) continue;
      worst = error;
      where = std::to_string(n) + " codes of " + to_string(in) + " to " + to_string(out) +
              ", V = " + std::to_string(static_cast<double>(variance(rows[i], norm.epsilon)));
    }
  }
  if (asked != nullptr) MESSAGE("worst: ", worst, ", ", where);
  INFO(where);
  CHECK(worst <= 0.51);
}

namespace {

// Rows of codes with a shift each, and what they stand for.
compress::EmbeddingRows draw_rows(engine::Rng& rng, std::int64_t n, std::int64_t size, int width) {
  compress::EmbeddingRows rows{.n = n, .width = width};
  for (std::int64_t i = 0; i < n * size; ++i)
    rows.codes.push_back(
        static_cast<std::int32_t>(width == 1 ? 2 * draw_between(rng, 0, 1) - 1 : test::draw_code(rng, width)));
  for (std::int64_t i = 0; i < n; ++i) rows.shifts.push_back(static_cast<int>(rng.below(5)));
  return rows;
}

Graph embedding_graph(const compress::EmbeddingSum& sum, std::int64_t size, const FixedPoint& out) {
  return test::operation_graph("embedding", sum, {{ufixed(16, 0), 1}, {ufixed(2, 0), 1}}, {out, size});
}

}  // namespace

TEST_CASE("an embedding is the sum of a word, a place in the text and a type, each shifted") {
  const compress::EmbeddingSum sum{.word = {.n = 3, .width = 4, .codes = {1, -8, 7, 2, 0, -3}, .shifts = {0, 3, 1}},
                                   .position = {.n = 2, .width = 8, .codes = {100, -128, 5, 6}, .shifts = {0, 2}},
                                   .token_type = {.n = 2, .width = 1, .codes = {1, -1, -1, 1}, .shifts = {4, 5}}};
  const Graph graph = embedding_graph(sum, 2, fixed(10, 3));
  // Texts [2, 1] and [0]; types 0, 1, 1.
  CHECK(run(graph, {{2, 1, 0}, {0, 1, 1}}, borders({2, 1})) ==
        Codes{0 + 100 + 16, -6 - 128 - 16, 56 + 20 - 32, 16 + 24 + 32, 1 + 100 - 32, -8 - 128 + 32});
  const auto refusal = [&](const Codes& ids, const Codes& types, const Codes& texts) {
    return error_text([&] { run(graph, {ids, types}, texts); });
  };
  CHECK(contains(refusal({2, 3}, {0, 0}, borders({2})), "op: a token id must be below 3, got 3"));
  CHECK(contains(refusal({2, 1}, {0, 2}, borders({2})), "op: a token type must be below 2, got 2"));
  CHECK(contains(refusal({2, 1, 0}, {0, 0, 0}, borders({3})), "op: a place of a token must be below 2, got 2"));
  CHECK(refusal({2, 1, 0}, {0, 0, 0}, borders({1, 2})).empty());
}

TEST_CASE("embeddings of all widths are sums of real numbers") {
  engine::Rng rng(14);
  for (int width = 1; width <= 16; ++width) {
    const std::int64_t size = 7;
    const compress::EmbeddingSum sum{.word = draw_rows(rng, 50, size, width),
                                     .position = draw_rows(rng, 12, size, 17 - width),
                                     .token_type = draw_rows(rng, 2, size, width)};
    const std::vector<int> lengths{12, 1, 5};
    Codes ids, types, expected;
    for (const int n : lengths) {
      for (int place = 0; place < n; ++place) {
        ids.push_back(static_cast<std::int32_t>(rng.below(50)));
        types.push_back(static_cast<std::int32_t>(rng.below(2)));
        for (std::int64_t i = 0; i < size; ++i) {
          long double x = 0;
          for (const auto& [rows, row] : {std::pair{&sum.word, ids.back()}, std::pair{&sum.position, place},
                                          std::pair{&sum.token_type, types.back()}})
            x += std::ldexp(static_cast<long double>(rows->codes[static_cast<std::size_t>(row * size + i)]),
                            rows->shifts[static_cast<std::size_t>(row)]);
          expected.push_back(static_cast<std::int32_t>(x));
        }
      }
    }
    CHECK(run(embedding_graph(sum, size, fixed(24, 5)), {ids, types}, borders(lengths)) == expected);
  }
}

TEST_CASE("a sum of two edges is the sum of their numbers, at the ends of their codes too") {
  struct Case {
    FixedPoint x, y, sum;
  };
  for (const Case& c : {Case{fixed(8, 4), fixed(8, 4), fixed(9, 4)}, Case{fixed(8, 2), fixed(8, 5), fixed(12, 5)},
                        Case{fixed(8, 5), fixed(8, 2), fixed(12, 5)}, Case{fixed(4, -3), fixed(9, 3), fixed(11, 3)},
                        Case{ufixed(8, 1), ufixed(5, 0), ufixed(9, 1)}, Case{ufixed(8, 0), fixed(8, 3), fixed(13, 3)},
                        Case{fixed(1, 0), fixed(31, 30), fixed(32, 30)}}) {
    Codes x, y;
    const auto [lowest_x, highest_x] = c.x.codes();
    const auto [lowest_y, highest_y] = c.y.codes();
    for (const std::int64_t a : {lowest_x, lowest_x + 1, std::int64_t{0}, highest_x / 3, highest_x}) {
      for (const std::int64_t b : {lowest_y, lowest_y + 1, std::int64_t{0}, highest_y / 3, highest_y}) {
        x.push_back(static_cast<std::int32_t>(a));
        y.push_back(static_cast<std::int32_t>(b));
      }
    }
    const auto n = static_cast<std::int64_t>(x.size());
    const Codes sums = run(test::operation_graph("add", {}, {{c.x, n}, {c.y, n}}, {c.sum, n}), {x, y});
    for (std::size_t i = 0; i < x.size(); ++i)
      CHECK(std::ldexp(static_cast<long double>(sums[i]), -c.sum.frac_bits) ==
            std::ldexp(static_cast<long double>(x[i]), -c.x.frac_bits) +
                std::ldexp(static_cast<long double>(y[i]), -c.y.frac_bits));
  }
}

TEST_CASE("a mean is the rounded mean of each text's rows, and first the rounded first of them") {
  engine::Rng rng(15);
  const std::vector<int> lengths{1, 2, 7, 1, 64, 3};
  const Codes texts = borders(lengths);
  const std::int64_t size = 5;
  for (const Rounding rounding : kRoundings) {
    for (const int k : {-9, -1, 0, 1, 6}) {
      const FixedPoint in = fixed(12, 4), out = fixed(k == 0 ? 8 : 12, 4 + k, rounding);
      const Codes x = test::draw_codes(rng, in, texts.back() * size);
      Codes mean, first;
      for (std::size_t t = 0; t + 1 < texts.size(); ++t) {
        for (std::int64_t i = 0; i < size; ++i) {
          Wide sum = 0;
          for (std::int64_t row = texts[t]; row < texts[t + 1]; ++row)
            sum += x[static_cast<std::size_t>(row * size + i)];
          mean.push_back(saturated(scaled(sum, k, texts[t + 1] - texts[t], rounding), out));
          first.push_back(saturated(scaled(x[static_cast<std::size_t>(texts[t] * size + i)], k, 1, rounding), out));
        }
      }
      CHECK(run(test::operation_graph("mean", {}, {{in, size}}, {out, size}), {x}, texts) == mean);
      CHECK(run(test::operation_graph("first", {}, {{in, size}}, {out, size}), {x}, texts) == first);
    }
  }
}

TEST_CASE("means that lie between two codes go where the output's rounding says") {
  const Codes x{1, 2, 2, 3, -1, -2, -2, -3, 1, 1};  // 1.5, 2.5, -1.5, -2.5, 1
  const auto mean = [&](Rounding rounding) {
    return run(test::operation_graph("mean", {}, {{fixed(8, 0), 1}}, {fixed(8, 0, rounding), 1}), {x},
               borders({2, 2, 2, 2, 2}));
  };
  CHECK(mean(Rounding::nearest_even) == Codes{2, 2, -2, -2, 1});
  CHECK(mean(Rounding::floor) == Codes{1, 2, -2, -3, 1});
  CHECK(mean(Rounding::half_away) == Codes{2, 3, -2, -3, 1});
}

TEST_CASE("the format of a sum holds the sums of all codes, with signs and without") {
  for (const bool first_signed : {true, false}) {
    for (const bool second_signed : {true, false}) {
      FixedPoint first = ufixed(8, 4), second = ufixed(5, 6);
      first.is_signed = first_signed, second.is_signed = second_signed;
      const FixedPoint sum = compress::sum_format({.addends = {first, second}, .sum_frac_bits = 6});
      const auto [lowest, highest] = sum.codes();
      CHECK(lowest <= 4 * first.codes().lowest + second.codes().lowest);
      CHECK(highest >= 4 * first.codes().highest + second.codes().highest);
    }
  }
}

TEST_CASE("an answer that is a mean of rows without signs has none, and holds the largest row") {
  const bert::Model model = test::small_model(1, "embedding");
  bert::Config config = model.config;
  config.pooling = bert::Pooling::mean;
  compress::Compression compression;
  compression["bert.encoder.layer.0.output.LayerNorm"][compress::Role::output] = {
      compress::parse_format("ufixed(8,4)")};
  const auto summary = compress::encoder_formats(config, compression).summary;
  REQUIRE(summary);
  const engine::FixedRange rows = summary->input.range(4), answers = summary->output.range(summary->output.frac_bits);
  CHECK(answers.lowest == 0);
  CHECK(answers.highest >= rows.highest);
}
