// Attention against brute force in double, written without looking at how the kernels go about it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "engine/autograd/attention.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "engine/kernels/attention/attention.h"
#include "engine/kernels/attention/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;

namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

constexpr float kUntouched = -12345.0f;  // what outputs hold before the kernel runs

struct Case {
  std::vector<int> lengths;
  std::int64_t n_heads = 1;
  std::int64_t head_dim = 64;
  std::int64_t gap = 0;  // stride - n_heads * head_dim
  float dropout = 0;
  std::vector<std::uint8_t> visible = {};
  float spread = 1;  // of the queries

  std::int64_t width() const { return n_heads * head_dim; }
  std::int64_t stride() const { return width() + gap; }
  std::int64_t n_rows() const { return std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}); }
  std::string text() const {
    return std::to_string(lengths.size()) + " sequences, first length " + std::to_string(lengths[0]) + ", " +
           std::to_string(n_heads) + " heads of " + std::to_string(head_dim) + ", dropout " + std::to_string(dropout);
  }
};

Floats noise(std::size_t n, std::uint64_t stream, float spread = 1) {
  Rng rng(5, stream);
  Floats values(n);
  for (float& x : values) x = spread * static_cast<float>(rng.normal());
  return values;
}

// The inputs of a case, and the results of the two passes.
struct Problem {
  Case c;
  std::vector<std::int32_t> offsets = {0};
  Floats query, key, value, d_output;
  Floats output, log_sum_exp, d_query, d_key, d_value;

  explicit Problem(const Case& a_case) : c(a_case) {
    for (const int length : c.lengths) offsets.push_back(offsets.back() + length);
    const auto n = static_cast<std::size_t>(c.n_rows() * c.stride());
    query = noise(n, 1, c.spread);
    key = noise(n, 2);
    value = noise(n, 3);
    d_output = noise(n, 4);
    for (Floats* out : {&output, &d_query, &d_key, &d_value}) out->assign(n, kUntouched);
    log_sum_exp.assign(static_cast<std::size_t>(c.n_rows() * c.n_heads), kUntouched);
  }

  kernels::AttentionShape shape() const {
    return {.n_sequences = static_cast<std::int64_t>(c.lengths.size()),
            .offsets = offsets.data(),
            .n_heads = c.n_heads,
            .head_dim = c.head_dim,
            .stride = c.stride(),
            .key_visible = c.visible.empty() ? nullptr : c.visible.data(),
            .scale = 1 / std::sqrt(static_cast<float>(c.head_dim)),
            .dropout = {c.dropout, 0x123456789abcdefull, 0xfedcba987654321ull}};
  }

  void run(const kernels::AttentionRow& row) {
    attention_forward(row, shape(), query.data(), key.data(), value.data(), output.data(), log_sum_exp.data());
    attention_backward(row, shape(), query.data(), key.data(), value.data(), output.data(), log_sum_exp.data(),
                       d_output.data(), d_query.data(), d_key.data(), d_value.data());
  }
};

double dropout_multiplier(const Dropout& dropout, std::uint32_t row, std::uint32_t column) {
  if (dropout.probability == 0) return 1;
  const PhiloxBlock block = philox({16 * (column / 128) + column % 16, row, static_cast<std::uint32_t>(dropout.stream),
                                    static_cast<std::uint32_t>(dropout.stream >> 32)},
                                   dropout.seed);
  const std::uint32_t s = column % 128 / 16;
  const std::uint32_t bits = (block[s / 2] >> (s % 2 * 16)) & 65535;
  const double threshold = std::floor(65536.0 * dropout.probability + 0.5);
  return bits >= threshold ? 65536 / (65536 - threshold) : 0;
}

struct Oracle {
  Doubles output, log_sum_exp, d_query, d_key, d_value;
};

// Softmax and its gradient, straight from the definitions: dP -> dS = P (dP - sum P dP).
void brute_force_query(const Problem& problem, std::int64_t first, std::int64_t length, std::int64_t head,
                       std::int64_t i, Oracle& oracle) {
  const kernels::AttentionShape shape = problem.shape();
  const std::int64_t dim = shape.head_dim;
  const auto at = [&](std::int64_t row, std::int64_t d) {
    return static_cast<std::size_t>((first + row) * shape.stride + head * dim + d);
  };
  Doubles p(static_cast<std::size_t>(length)), m(p), dp(p);
  double largest = -1e300, sum = 0;
  for (std::int64_t j = 0; j < length; ++j) {
    double s = 0;
    for (std::int64_t d = 0; d < dim; ++d) s += double{problem.query[at(i, d)]} * problem.key[at(j, d)];
    const bool visible = problem.c.visible.empty() || problem.c.visible[static_cast<std::size_t>(first + j)];
    p[static_cast<std::size_t>(j)] = visible ? s * shape.scale : -std::numeric_limits<double>::infinity();
    largest = std::max(largest, p[static_cast<std::size_t>(j)]);
  }
  for (double& x : p) sum += x = std::exp(x - largest);
  oracle.log_sum_exp[static_cast<std::size_t>(head * problem.c.n_rows() + first + i)] = largest + std::log(sum);
  double mean = 0;
  for (std::size_t j = 0; j < p.size(); ++j) {
    p[j] /= sum;
    if (p[j] == 0) continue;
    m[j] = dropout_multiplier(shape.dropout, static_cast<std::uint32_t>((first + i) * shape.n_heads + head),
                              static_cast<std::uint32_t>(j));
    for (std::int64_t d = 0; d < dim; ++d) {
      const std::size_t to = at(i, d), from = at(static_cast<std::int64_t>(j), d);
      oracle.output[to] += p[j] * m[j] * problem.value[from];
      oracle.d_value[from] += p[j] * m[j] * problem.d_output[to];
      dp[j] += m[j] * problem.d_output[to] * problem.value[from];
    }
    mean += p[j] * dp[j];
  }
  for (std::size_t j = 0; j < p.size(); ++j) {
    if (p[j] == 0) continue;
    const double ds = p[j] * (dp[j] - mean) * shape.scale;
    for (std::int64_t d = 0; d < dim; ++d) {
      oracle.d_query[at(i, d)] += ds * problem.key[at(static_cast<std::int64_t>(j), d)];
      oracle.d_key[at(static_cast<std::int64_t>(j), d)] += ds * problem.query[at(i, d)];
    }
  }
}

Oracle brute_force(const Problem& problem) {
  Oracle oracle;
  for (Doubles* out : {&oracle.output, &oracle.d_query, &oracle.d_key, &oracle.d_value})
    out->assign(problem.query.size(), 0.0);
  oracle.log_sum_exp.assign(problem.log_sum_exp.size(), 0.0);
  for (std::size_t s = 0; s + 1 < problem.offsets.size(); ++s)
    for (std::int64_t head = 0; head < problem.c.n_heads; ++head)
      for (std::int64_t i = 0; i < problem.offsets[s + 1] - problem.offsets[s]; ++i)
        brute_force_query(problem, problem.offsets[s], problem.offsets[s + 1] - problem.offsets[s], head, i, oracle);
  return oracle;
}

// The largest difference, relative to the largest value expected (at least 1); also where a gap was written to.
double error(const Case& c, const Floats& got, const Doubles& expected) {
  double largest = 1, difference = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const bool in_gap = got.size() > static_cast<std::size_t>(c.n_rows() * c.n_heads) &&
                        static_cast<std::int64_t>(i) % c.stride() >= c.width();
    const double want = in_gap ? double{kUntouched} : expected[i];
    if (std::isnan(got[i])) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(got[i] - want));
    if (!in_gap) largest = std::max(largest, std::abs(want));
  }
  return difference / largest;
}

// The same with factors in bfloat16, whose roundings are 2^-9 of a factor. A score of `spread` times that error makes
// its probability so much wrong, and errors of many keys cancel.
void check_bf16(const Case& c) {
  const Oracle oracle = brute_force(Problem(c));
  for (const kernels::AttentionRow* row : {&kernels::kAttentionAmx, &kernels::kAttentionAvx512bf16}) {
    if (!executes(row->isa)) continue;
    CAPTURE(name(row->isa));
    CAPTURE(c.text());
    Problem problem(c);
    problem.run(*row);
    CHECK(error(c, problem.output, oracle.output) < 0.02);
    CHECK(error(c, problem.d_query, oracle.d_query) < 0.03);
    CHECK(error(c, problem.d_key, oracle.d_key) < 0.03);
    CHECK(error(c, problem.d_value, oracle.d_value) < 0.02);
  }
}

// Runs the case on every row that this machine executes. The bound: a score is a sum of head_dim products of magnitude
// about spread / sqrt(head_dim), so that it, and relatively its probability, is wrong by some sqrt(head_dim) spread
// 2^-24, about 5e-7; sums of positive terms keep that, and the gradients multiply two such factors.
void check(const Case& c, double bound = 5e-6) {
  const Oracle oracle = brute_force(Problem(c));
  ingot::test::for_each_row(kernels::attention_rows(), [&](const kernels::AttentionRow& row) {
    CAPTURE(c.text());
    Problem problem(c);
    problem.run(row);
    CHECK(error(c, problem.output, oracle.output) < bound);
    CHECK(error(c, problem.d_query, oracle.d_query) < bound);
    CHECK(error(c, problem.d_key, oracle.d_key) < bound);
    CHECK(error(c, problem.d_value, oracle.d_value) < bound);
    double log_error = 0;
    for (std::size_t i = 0; i < oracle.log_sum_exp.size(); ++i)
      log_error = std::max(log_error, std::abs(problem.log_sum_exp[i] - oracle.log_sum_exp[i]) /
                                          std::max(1.0, std::abs(oracle.log_sum_exp[i])));
    CHECK(log_error < bound);
  });
}

std::vector<std::uint8_t> visible_every_third(std::int64_t n_rows) {
  std::vector<std::uint8_t> visible(static_cast<std::size_t>(n_rows));
  for (std::size_t i = 0; i < visible.size(); ++i) visible[i] = i % 3 == 0;
  return visible;
}

}  // namespace

TEST_CASE("attention equals brute force at lengths around every block") {
  for (const int length : {1, 2, 15, 16, 17, 47, 48, 49, 63, 64, 65, 127, 128, 129, 130, 257})
    for (const float dropout : {0.0f, 0.1f}) check({.lengths = {length}, .dropout = dropout});
  check({.lengths = {1100}, .head_dim = 8, .dropout = 0.1f});
}

TEST_CASE("attention equals brute force at every kind of head width") {
  for (const std::int64_t head_dim : {1, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 80, 128})
    check({.lengths = {19, 34}, .n_heads = 2, .head_dim = head_dim, .gap = 5, .dropout = 0.25f});
}

TEST_CASE("attention of packed sequences equals brute force, and nothing is written between the rows") {
  for (const float dropout : {0.0f, 0.5f})
    check({.lengths = {5, 1, 140, 33, 64, 2}, .n_heads = 3, .head_dim = 20, .gap = 40, .dropout = dropout});
}

#if defined(__x86_64__)
TEST_CASE("attention in bfloat16 is that of brute force up to the roundings of its factors") {
  for (const int length : {1, 2, 16, 17, 48, 49, 64, 127, 128, 129, 257})
    for (const float dropout : {0.0f, 0.1f}) check_bf16({.lengths = {length}, .dropout = dropout});
  for (const std::int64_t head_dim : {1, 3, 8, 16, 17, 24, 32, 33, 80, 128})
    check_bf16({.lengths = {19, 34}, .n_heads = 2, .head_dim = head_dim, .gap = 5, .dropout = 0.25f});
  Case holes{.lengths = {5, 140, 33}, .n_heads = 3, .head_dim = 20, .gap = 4};
  holes.visible = visible_every_third(holes.n_rows());
  check_bf16(holes);
}

TEST_CASE("attention of a graph in bfloat16 is that of the kernels, forward and backward") {
  const Case c{.lengths = {20, 33}, .n_heads = 2, .head_dim = 16};
  Problem expected(c);
  kernels::AttentionShape shape = expected.shape();
  shape.bf16 = true;
  attention_forward(shape, expected.query.data(), expected.key.data(), expected.value.data(), expected.output.data(),
                    expected.log_sum_exp.data());
  attention_backward(shape, expected.query.data(), expected.key.data(), expected.value.data(), expected.output.data(),
                     expected.log_sum_exp.data(), expected.d_output.data(), expected.d_query.data(),
                     expected.d_key.data(), expected.d_value.data());
  const auto tensor = [&](const Floats& values) {
    Tensor t = Tensor::empty({c.n_rows(), c.width()});
    std::copy(values.begin(), values.end(), t.data());
    return t;
  };
  const Variable query(tensor(expected.query), true), key(tensor(expected.key), true),
      value(tensor(expected.value), true);
  auto sequences = std::make_shared<Sequences>();
  sequences->offsets = expected.offsets;
  const Variable y = attention(query, key, value, sequences, c.n_heads, {}, Sums::bf16);
  backward(y, tensor(expected.d_output));
  CHECK(ingot::test::same_bits(y.value().span(), expected.output));
  CHECK(ingot::test::same_bits(query.gradient().span(), expected.d_query));
  CHECK(ingot::test::same_bits(key.gradient().span(), expected.d_key));
  CHECK(ingot::test::same_bits(value.gradient().span(), expected.d_value));
  const bool rounds = executes(Isa::avx512bf16) && uses(Isa::avx512bf16);
  const Variable plain = attention(query, key, value, sequences, c.n_heads);
  CHECK(ingot::test::same_bits(plain.value().span(), expected.output) != rounds);
}

TEST_CASE("attention in bfloat16 differs from that of float32, and rounds no more than factors") {
  const Case c{.lengths = {130}, .n_heads = 1, .head_dim = 32};
  for (const kernels::AttentionRow* row : {&kernels::kAttentionAmx, &kernels::kAttentionAvx512bf16}) {
    if (!executes(row->isa)) continue;
    Problem rounded(c), exact(c);
    // Factors that bfloat16 holds: scores are those of float32, and only probabilities and gradients are rounded.
    for (Problem* p : {&rounded, &exact})
      for (Floats* factors : {&p->query, &p->key, &p->value, &p->d_output})
        for (float& x : *factors) x = std::round(x * 8) / 8;
    rounded.run(*row);
    exact.run(kernels::kAttentionReference);
    CHECK(rounded.output != exact.output);
    for (std::size_t i = 0; i < exact.log_sum_exp.size(); ++i)
      CHECK(rounded.log_sum_exp[i] == doctest::Approx(exact.log_sum_exp[i]).epsilon(3e-3));
  }
}
#endif

TEST_CASE("attention sees only visible keys: padding left and right, holes, whole blocks") {
  Case c{.lengths = {300}, .n_heads = 2, .head_dim = 24, .dropout = 0.3f};
  c.visible = visible_every_third(300);
  check(c);
  c.visible.assign(300, 0);
  std::fill(c.visible.begin() + 290, c.visible.end(), std::uint8_t{1});
  check(c);
  c.visible.assign(300, 0);
  c.visible[3] = c.visible[270] = 1;
  check(c);
  c.lengths = {100, 200};
  c.visible.assign(300, 1);
  std::fill(c.visible.begin() + 40, c.visible.begin() + 100, std::uint8_t{0});
  std::fill(c.visible.begin() + 100, c.visible.begin() + 101, std::uint8_t{0});
  check(c);
}

TEST_CASE("what a hidden key holds changes no bit, and its gradients are exactly 0") {
  Case c{.lengths = {200}, .n_heads = 1, .head_dim = 40, .dropout = 0.2f};
  c.visible = visible_every_third(200);
  // Those of float32 are among them.
  ingot::test::for_each_row(kernels::bf16_attention_rows(), [&](const kernels::AttentionRow& row) {
    Problem plain(c), garbage(c);
    for (std::size_t i = 0; i < garbage.key.size(); ++i) {
      if (c.visible[i / 40]) continue;
      garbage.key[i] = std::numeric_limits<float>::quiet_NaN();
      garbage.value[i] = std::numeric_limits<float>::infinity();
    }
    plain.run(row);
    garbage.run(row);
    CHECK(plain.output == garbage.output);
    CHECK(plain.log_sum_exp == garbage.log_sum_exp);
    CHECK(plain.d_query == garbage.d_query);
    CHECK(plain.d_key == garbage.d_key);
    CHECK(plain.d_value == garbage.d_value);
    for (std::size_t i = 0; i < plain.key.size(); ++i) {
      if (c.visible[i / 40]) continue;
      REQUIRE(plain.d_key[i] == 0.0f);
      REQUIRE(plain.d_value[i] == 0.0f);
    }
  });
}

TEST_CASE("attention of large scores neither overflows nor loses the winner") {
  // Scores of some hundreds: their rounding, about 300 * 2^-24 * sqrt(64), is the relative error of probabilities.
  check({.lengths = {150}, .dropout = 0.1f, .spread = 100}, 1e-3);
}

TEST_CASE("a query that is not a number gives a row that is not a number, and only that row") {
  ingot::test::for_each_row(kernels::attention_rows(), [&](const kernels::AttentionRow& row) {
    Problem problem({.lengths = {40}, .head_dim = 16});
    problem.query[7 * 16 + 3] = std::numeric_limits<float>::quiet_NaN();
    problem.run(row);
    for (std::size_t i = 0; i < problem.output.size(); ++i) REQUIRE(std::isnan(problem.output[i]) == (i / 16 == 7));
    CHECK(std::isnan(problem.log_sum_exp[7]));
  });
}

TEST_CASE("attention's gradients are the slopes of its output") {
  Case c{.lengths = {6, 11}, .n_heads = 2, .head_dim = 4, .gap = 1, .dropout = 0.2f};
  c.visible = visible_every_third(17);
  Problem problem(c);
  const kernels::AttentionShape shape = problem.shape();
  const auto loss = [&](const Problem& at) {
    Floats output(at.output.size());
    attention_forward(shape, at.query.data(), at.key.data(), at.value.data(), output.data(), nullptr);
    double sum = 0;
    for (std::size_t i = 0; i < output.size(); ++i) sum += double{output[i]} * at.d_output[i];
    return sum;
  };
  attention_forward(shape, problem.query.data(), problem.key.data(), problem.value.data(), problem.output.data(),
                    problem.log_sum_exp.data());
  attention_backward(shape, problem.query.data(), problem.key.data(), problem.value.data(), problem.output.data(),
                     problem.log_sum_exp.data(), problem.d_output.data(), problem.d_query.data(), problem.d_key.data(),
                     problem.d_value.data());
  const std::pair<Floats Problem::*, Floats Problem::*> pairs[] = {
      {&Problem::query, &Problem::d_query}, {&Problem::key, &Problem::d_key}, {&Problem::value, &Problem::d_value}};
  for (const auto& [input, gradient] : pairs)
    for (std::size_t i = 0; i < problem.query.size(); ++i) {
      if (static_cast<std::int64_t>(i) % c.stride() >= c.width()) continue;
      // Central differences: error step^2 / 6 of the third derivative, and 2^-24 |loss| / step of rounding.
      const float step = 1.0f / 64, x = (problem.*input)[i];
      (problem.*input)[i] = x + step;
      const double above = loss(problem);
      (problem.*input)[i] = x - step;
      const double below = loss(problem);
      (problem.*input)[i] = x;
      REQUIRE((problem.*gradient)[i] == doctest::Approx((above - below) / (2 * step)).epsilon(2e-3).scale(1));
    }
}

TEST_CASE("attention gives the same bits on any number of threads") {
  const int before = threads();
  for (const Case& c : {Case{.lengths = {300}, .dropout = 0.1f}, Case{.lengths = {140, 3, 40, 128}, .n_heads = 3}}) {
    ingot::test::for_each_row(kernels::attention_rows(), [&](const kernels::AttentionRow& row) {
      set_threads(1);
      Problem one(c);
      one.run(row);
      for (const int count : {2, 5}) {
        set_threads(count);
        Problem several(c);
        several.run(row);
        CHECK(one.output == several.output);
        CHECK(one.log_sum_exp == several.log_sum_exp);
        CHECK(one.d_query == several.d_query);
        CHECK(one.d_key == several.d_key);
        CHECK(one.d_value == several.d_value);
      }
    });
  }
  set_threads(before);
}
