#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/autograd/matmul.h"
#include "engine/kernels/bf16_gemm/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
using ingot::test::noise;
using ingot::test::same_bits;

namespace {

struct Shape {
  std::int64_t m, n, k;
};

// Tails of tiles in every dimension, several tiles, tasks of rows and of columns.
constexpr Shape kShapes[] = {{1, 1, 1},     {1, 2, 128},   {3, 16, 17},  {16, 16, 32},  {17, 33, 31},
                             {15, 31, 33},  {32, 32, 64},  {40, 48, 70}, {64, 130, 96}, {130, 20, 161},
                             {70, 530, 40}, {20, 40, 600}, {0, 9, 40}};

// What the three products of a shape write, with rows `gap` apart whose gaps must stay.
struct Products {
  std::vector<float> y, dx, dw, dbias;
};

struct Case {
  Shape shape;
  std::int64_t gap;
  bool accumulate;
  std::vector<float> x = noise(shape.m * (shape.k + gap), 1), w = noise(shape.n * shape.k, 2), bias = noise(shape.n, 3),
                     dy = noise(shape.m * (shape.n + gap), 4), dx = noise(shape.m * (shape.k + gap), 5),
                     dw = noise(shape.n * shape.k, 6);

  Products of(const Bf16GemmRow& row) const {
    const auto [m, n, k] = shape;
    Products p{dy, dx, dw, bias};
    bf16_linear_forward(row, m, n, k, x.data(), k + gap, w.data(), accumulate ? bias.data() : nullptr,
                        Activation::identity, nullptr, p.y.data(), n + gap);
    bf16_linear_input_gradient(row, m, n, k, dy.data(), n + gap, w.data(), accumulate, p.dx.data(), k + gap);
    bf16_linear_weight_gradient(row, m, n, k, dy.data(), n + gap, x.data(), k + gap, accumulate, p.dw.data(),
                                p.dbias.data());
    return p;
  }
};

template <class Check>
void for_each_case(const Check& check) {
  for (const Shape& shape : kShapes) {
    for (const bool variant : {false, true}) {
      INFO(shape.m, "x", shape.n, "x", shape.k, " variant ", variant);
      check(Case{shape, variant ? 3 : 0, variant});
    }
  }
}

void check_equal(const Products& a, const Products& b) {
  CHECK(same_bits(a.y, b.y));
  CHECK(same_bits(a.dx, b.dx));
  CHECK(same_bits(a.dw, b.dw));
  CHECK(same_bits(a.dbias, b.dbias));
}

float round(float x) { return to_float(to_bf16(x)); }

// got = start + sum over p of round(a(p)) round(b(p)), up to what roundings of the sums may be off: each of them at
// most 2^-24 of the magnitudes.
template <class Term>
void check_sum(float got, float start, std::int64_t terms, const Term& term) {
  double sum = start, magnitude = std::abs(start);
  for (std::int64_t p = 0; p < terms; ++p) {
    sum += term(p);
    magnitude += std::abs(term(p));
  }
  REQUIRE(std::abs(got - sum) <= static_cast<double>(2 * terms + 4) * std::ldexp(magnitude, -24));
}

}  // namespace

TEST_CASE("a number becomes the nearest bfloat16, ties to even") {
  std::vector<float> numbers = noise(20000, 1);
  for (const float x : noise(20000, 2)) numbers.push_back(std::ldexp(x, static_cast<int>(x * 60)));
  for (int i = 0; i < 300; ++i) numbers.push_back(1.0f + static_cast<float>(i) / 512);  // ties among them
  for (const float x : numbers) {
    if (std::fabs(x) < 0x1p-126f || std::isinf(x)) continue;
    const double y = to_float(to_bf16(x)), ulp = std::ldexp(1.0, std::ilogb(x) - 7);
    const double steps = x / ulp;  // exact: a power of two
    CAPTURE(x);
    REQUIRE(y == std::nearbyint(steps) * ulp);
  }
}

TEST_CASE("bfloat16 has no subnormal numbers, keeps infinities and NaN, and overflows to infinity") {
  CHECK(std::bit_cast<std::uint32_t>(to_float(to_bf16(-0x1p-127f))) == 0x8000'0000u);
  CHECK(to_float(to_bf16(0x1p-126f)) == 0x1p-126f);
  CHECK(std::isnan(to_float(to_bf16(std::bit_cast<float>(0x7f80'0001u)))));
  CHECK(to_float(to_bf16(std::numeric_limits<float>::max())) == std::numeric_limits<float>::infinity());
  CHECK(to_float(to_bf16(-std::numeric_limits<float>::infinity())) == -std::numeric_limits<float>::infinity());
}

TEST_CASE("products in bfloat16 agree with sums of rounded factors in double") {
  ingot::test::for_each_row(bf16_gemm_rows(), [](const Bf16GemmRow& row) {
    for_each_case([&](const Case& c) {
      const auto [m, n, k] = c.shape;
      const std::int64_t ldn = n + c.gap, ldk = k + c.gap;
      const Products got = c.of(row);
      const auto x = [&, k = k](auto i, auto p) {
        return double{round(c.x[static_cast<std::size_t>(i * (k + c.gap) + p)])};
      };
      const auto w = [&, k = k](auto i, auto p) { return double{round(c.w[static_cast<std::size_t>(i * k + p)])}; };
      const auto dy = [&](auto i, auto p) { return double{round(c.dy[static_cast<std::size_t>(i * ldn + p)])}; };
      for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t j = 0; j < ldn; ++j) {
          const auto at = static_cast<std::size_t>(i * ldn + j);
          if (j >= n) {
            REQUIRE(got.y[at] == c.dy[at]);
            continue;
          }
          check_sum(got.y[at], c.accumulate ? c.bias[static_cast<std::size_t>(j)] : 0, k,
                    [&](auto p) { return x(i, p) * w(j, p); });
        }
        for (std::int64_t j = 0; j < ldk; ++j) {
          const auto at = static_cast<std::size_t>(i * ldk + j);
          if (j >= k) {
            REQUIRE(got.dx[at] == c.dx[at]);
            continue;
          }
          check_sum(got.dx[at], c.accumulate ? c.dx[at] : 0, n, [&](auto p) { return dy(i, p) * w(p, j); });
        }
      }
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < k; ++j) {
          const auto at = static_cast<std::size_t>(i * k + j);
          check_sum(got.dw[at], c.accumulate ? c.dw[at] : 0, m, [&](auto p) { return dy(p, i) * x(p, j); });
        }
        check_sum(got.dbias[static_cast<std::size_t>(i)], c.accumulate ? c.bias[static_cast<std::size_t>(i)] : 0, m,
                  [&, i](auto p) { return c.dy[static_cast<std::size_t>(p * ldn + i)]; });
      }
    });
  });
}

TEST_CASE("instructions for bfloat16 give the bits of their models in C++") {
  for (const auto& [row, model] :
       {std::pair{&kBf16GemmAmx, &kBf16GemmTileModel}, std::pair{&kBf16GemmAvx512bf16, &kBf16GemmPairModel}}) {
    CAPTURE(name(row->isa));
    if (!executes(row->isa)) {
      MESSAGE("not tested: this processor has no " << std::string(name(row->isa)));
      continue;
    }
    for_each_case([&, row = row, model = model](const Case& c) { check_equal(c.of(*row), c.of(*model)); });
  }
}

TEST_CASE("instructions for bfloat16 treat very small and very large numbers as their models do") {
  for (const auto& [row, model] :
       {std::pair{&kBf16GemmAmx, &kBf16GemmTileModel}, std::pair{&kBf16GemmAvx512bf16, &kBf16GemmPairModel}}) {
    CAPTURE(name(row->isa));
    if (!executes(row->isa)) continue;
    for (const double scale : {0x1p-64, 0x1p-70, 0x1p62}) {
      Case c{{40, 33, 70}, 0, true};
      for (std::vector<float>* factors : {&c.x, &c.w, &c.dy})
        for (float& value : *factors) value = static_cast<float>(value * scale);
      for (std::vector<float>* starts : {&c.bias, &c.dx, &c.dw})
        for (float& value : *starts) value = static_cast<float>(value * scale * scale);
      check_equal(c.of(*row), c.of(*model));
    }
  }
}

TEST_CASE("products in bfloat16 have the same bits on one, two, three and five threads") {
  ingot::test::for_each_row(bf16_gemm_rows(), [](const Bf16GemmRow& row) {
    const Case c{{200, 600, 40}, 0, true};
    for (const int count : {2, 3, 5}) {
      const auto [one, many] = ingot::test::on_one_and_on(count, [&] { return c.of(row); });
      check_equal(one, many);
    }
  });
}

TEST_CASE("a linear layer in bfloat16 computes its output and all of its gradients in it") {
  const std::int64_t m = 20, n = 33, k = 40;
  const auto tensor = [](std::initializer_list<std::int64_t> dims, std::uint64_t stream) {
    Tensor t = Tensor::empty(ingot::engine::Shape(dims));
    const std::vector<float> values = noise(t.size(), stream);
    std::copy(values.begin(), values.end(), t.data());
    return t;
  };
  const Variable x(tensor({m, k}, 1), true), w(tensor({n, k}, 2), true), bias(tensor({n}, 3), true);
  const Tensor dy = tensor({m, n}, 4);
  const Variable y = linear(x, w, bias, Activation::identity, ingot::engine::Sums::bf16);
  backward(y, dy);
  const Case c{{m, n, k}, 0, false, noise(m * k, 1), noise(n * k, 2), noise(n, 3), noise(m * n, 4)};
  std::vector<float> forward(static_cast<std::size_t>(m * n));
  bf16_linear_forward(m, n, k, c.x.data(), k, c.w.data(), c.bias.data(), Activation::identity, nullptr, forward.data(),
                      n);
  const Products expected = c.of(**std::find_if(bf16_gemm_rows().begin(), bf16_gemm_rows().end(),
                                                [](const Bf16GemmRow* row) { return uses(row->isa); }));
  CHECK(same_bits(y.value().span(), forward));
  CHECK(same_bits(x.gradient().span(), expected.dx));
  CHECK(same_bits(w.gradient().span(), expected.dw));
  CHECK(same_bits(bias.gradient().span(), expected.dbias));
}
