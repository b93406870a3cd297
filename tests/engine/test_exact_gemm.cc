// Exact sums against 128-bit integers, and where float32 gives the same bits.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/autograd/matmul.h"
#include "engine/base/fixed_point.h"
#include "engine/kernels/exact_gemm/exact_gemm.h"
#include "engine/kernels/exact_gemm/table.h"
#include "engine/kernels/gemm/gemm.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;

namespace {

struct Shape3 {
  std::int64_t m, n, k;
};
constexpr Shape3 kShapes[] = {{1, 1, 1}, {2, 4, 3}, {3, 5, 17}, {5, 9, 64}, {33, 35, 40}, {67, 33, 31}};

// A layer of codes of `bits` bits that stand for multiples of 2^-x_frac and 2^-w_frac, and a bias on no grid.
struct Case {
  Case(Shape3 shape, int bits, int x_frac, int w_frac, std::uint64_t seed, bool largest = false) : shape(shape) {
    Rng rng(seed, static_cast<std::uint64_t>(Stream::test));
    const CodeRange range = code_range(bits, true);
    const auto fill = [&](std::int64_t count, int frac, std::vector<std::int64_t>& codes, std::vector<float>& values) {
      for (std::int64_t i = 0; i < count; ++i) {
        const auto code = largest ? range.lowest : range.lowest + static_cast<std::int64_t>(rng.below(1u << bits));
        codes.push_back(code);
        values.push_back(std::ldexp(static_cast<float>(code), -frac));
      }
    };
    fill(shape.m * shape.k, x_frac, x_codes, x);
    fill(shape.n * shape.k, w_frac, w_codes, w);
    for (std::int64_t j = 0; j < shape.n; ++j) bias.push_back(static_cast<float>(rng.normal()));
    unit = -x_frac - w_frac;
  }

  // The sum of 64-bit integers, which double holds, plus the bias, rounded to double and to float32.
  std::vector<float> expected() const {
    std::vector<float> y;
    for (std::int64_t i = 0; i < shape.m; ++i) {
      for (std::int64_t j = 0; j < shape.n; ++j) {
        std::int64_t sum = 0;
        for (std::int64_t p = 0; p < shape.k; ++p)
          sum +=
              x_codes[static_cast<std::size_t>(i * shape.k + p)] * w_codes[static_cast<std::size_t>(j * shape.k + p)];
        const double exact = std::ldexp(static_cast<double>(sum), unit);
        y.push_back(static_cast<float>(exact + static_cast<double>(bias[static_cast<std::size_t>(j)])));
      }
    }
    return y;
  }

  Shape3 shape;
  int unit = 0;
  std::vector<std::int64_t> x_codes, w_codes;
  std::vector<float> x, w, bias;
};

std::vector<float> exact(const ExactGemmRow& row, const Case& c) {
  const auto [m, n, k] = c.shape;
  std::vector<float> y(static_cast<std::size_t>(m * n));
  exact_linear(row, m, n, k, c.x.data(), k, c.w.data(), c.bias.data(), y.data(), n);
  return y;
}

std::vector<float> by_linear(const Case& c, Sums sums) {
  const auto [m, n, k] = c.shape;
  const Variable y = linear(Variable(Tensor::from({m, k}, c.x)), Variable(Tensor::from({n, k}, c.w)),
                            Variable(Tensor::from({n}, c.bias)), Activation::identity, sums);
  return {y.value().span().begin(), y.value().span().end()};
}

}  // namespace

TEST_CASE("exact sums are the integers' sums on every instruction set, up to codes of 16 bits") {
  for (const Shape3 shape : kShapes) {
    for (const int bits : {2, 8, 16}) {
      INFO(shape.m, "x", shape.n, "x", shape.k, " ", bits, " bits");
      const Case c(shape, bits, 5, 9, 31);
      const std::vector<float> expected = c.expected();
      ingot::test::for_each_row(
          exact_gemm_rows(), [&](const ExactGemmRow& row) { CHECK(ingot::test::same_bits(exact(row, c), expected)); });
    }
  }
}

TEST_CASE("exact sums read and write rows at a stride, and go without a bias") {
  const Case c({3, 5, 7}, 8, 2, 3, 32);
  std::vector<float> x(3 * 10, 77.0f), y(3 * 9, -1.0f);
  for (std::size_t i = 0; i < 3; ++i) std::copy_n(c.x.begin() + static_cast<std::ptrdiff_t>(7 * i), 7, &x[10 * i]);
  exact_linear(3, 5, 7, x.data(), 10, c.w.data(), nullptr, y.data(), 9);
  const std::vector<float> with_bias = c.expected();
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 5; ++j)
      CHECK(y[9 * i + j] + c.bias[j] == doctest::Approx(with_bias[5 * i + j]).epsilon(1e-6));
    for (std::size_t j = 5; j < 9; ++j) CHECK(y[9 * i + j] == -1.0f);
  }
}

TEST_CASE("a layer in float32 with its bias last gives the exact bits while sums need at most 24 bits") {
  for (const Shape3 shape : {Shape3{1, 7, 1024}, Shape3{8, 3, 1024}, Shape3{20, 40, 1000}, Shape3{150, 40, 1024}}) {
    for (const bool largest : {false, true}) {  // 1,024 products of 2^7 2^7 are 2^24
      const Case c(shape, 8, 4, 6, 33, largest);
      CHECK(ingot::test::same_bits(by_linear(c, Sums::bias_last), by_linear(c, Sums::exact)));
      CHECK(ingot::test::same_bits(by_linear(c, Sums::exact), c.expected()));
    }
  }
}

TEST_CASE("beyond 24 bits float32 rounds, and exact sums do not") {
  const Case c({40, 40, 300}, 12, 4, 6, 34);
  CHECK(ingot::test::same_bits(by_linear(c, Sums::exact), c.expected()));
  CHECK_FALSE(ingot::test::same_bits(by_linear(c, Sums::bias_last), c.expected()));
}

TEST_CASE("a layer is activated after exact sums as after others, and gives them the same gradients") {
  const Case c({9, 6, 20}, 6, 3, 4, 35);
  const auto run = [&](Sums sums) {
    const Variable x(Tensor::from({9, 20}, c.x), true), w(Tensor::from({6, 20}, c.w), true),
        b(Tensor::from({6}, c.bias), true);
    const Variable y = linear(x, w, b, Activation::gelu, sums);
    backward(y, Tensor::full({9, 6}, 1.0f));
    std::vector<float> all(y.value().span().begin(), y.value().span().end());
    for (const Variable& v : {x, w, b}) {
      const Tensor g = v.gradient();
      all.insert(all.end(), g.span().begin(), g.span().end());
    }
    return all;
  };
  CHECK(ingot::test::same_bits(run(Sums::bias_last), run(Sums::exact)));
}

TEST_CASE("exact sums are the same on one and two threads") {
  const Case c({300, 50, 70}, 8, 4, 6, 36);
  const auto [one, two] = ingot::test::on_one_and_on(2, [&] { return by_linear(c, Sums::exact); });
  CHECK(ingot::test::same_bits(one, two));
}
