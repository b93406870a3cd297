// Formats whose scale is a mean of the data.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/compress/quantized.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using test::quantized;

namespace {

double mean_magnitude(std::span<const float> x, double above = -1) {
  double sum = 0, count = 0;
  for (const float v : x) {
    if (std::abs(double{v}) <= above) continue;
    sum += std::abs(double{v});
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

std::span<const float> row(const std::vector<float>& x, std::size_t i, std::size_t n) {
  return std::span(x).subspan(i * n, n);
}

}  // namespace

TEST_CASE("binary is the sign, +1 for zeros of both signs") {
  CHECK(quantized("binary", {0.0f, -0.0f, 2.0f, -1e-45f, -3.0f}) == std::vector<float>{1, 1, 1, -1, -1});
  CHECK(quantized("binary(unipolar)", {0.0f, 0.5f, 0.6f, -3.0f, 7.0f}) == std::vector<float>{0, 0, 1, 0, 1});
}

TEST_CASE("scaled binary has the mean magnitude of the tensor or of the row") {
  const std::size_t n = 20'000;  // more than a chunk of a thread
  const std::vector<float> x = test::noise(3 * 20'000, 4);
  const std::vector<float> whole = quantized("binary(tensor)", {3, 20'000}, x),
                           rows = quantized("binary(channel)", {3, 20'000}, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    REQUIRE(std::signbit(whole[i]) == std::signbit(x[i]));
    REQUIRE(double{std::abs(whole[i])} == doctest::Approx(mean_magnitude(x)).epsilon(1e-6));
  }
  for (std::size_t r = 0; r < 3; ++r) {
    CHECK(double{std::abs(rows[r * n])} == doctest::Approx(mean_magnitude(row(x, r, n))).epsilon(1e-6));
    CHECK(std::abs(rows[r * n + 17]) == std::abs(rows[r * n]));
  }
  CHECK(test::same_bits(quantized("binary(tensor)", {3, 20'000}, x, {.is_batch = true}), rows));
}

TEST_CASE("stochastic binary with a scale has the same scale") {
  const std::vector<float> x = test::noise(40, 4);
  const float alpha = std::abs(quantized("binary(channel)", {2, 20}, x)[25]);
  const std::vector<float> drawn = quantized("binary(channel,stochastic)", {2, 20}, x);
  for (std::size_t i = 20; i < 40; ++i) {
    CHECK(std::abs(drawn[i]) == alpha);
    if (x[i] >= 1) CHECK(drawn[i] > 0);
    if (x[i] <= -1) CHECK(drawn[i] < 0);
  }
}

TEST_CASE("ternary cuts at three quarters of the mean, and has the mean above that") {
  const std::vector<float> x = test::noise(4 * 300, 5);
  const auto check = [](std::span<const float> in, std::span<const float> out, bool scaled) {
    const double delta = 0.75 * mean_magnitude(in), a = scaled ? mean_magnitude(in, delta) : 1;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double want = std::abs(double{in[i]}) <= delta ? 0 : std::copysign(a, double{in[i]});
      REQUIRE(double{out[i]} == doctest::Approx(want).epsilon(1e-6));
    }
  };
  check(x, quantized("ternary", {4, 300}, x), false);
  check(x, quantized("ternary(tensor)", {4, 300}, x), true);
  const std::vector<float> rows = quantized("ternary(channel)", {4, 300}, x);
  for (std::size_t r = 0; r < 4; ++r) check(row(x, r, 300), row(rows, r, 300), true);
  CHECK(quantized("ternary(tensor,t0)", {0.0f, 1.0f, -3.0f}) == std::vector<float>{0, 2, -2});
  CHECK(quantized("ternary(tensor,t100)", {0.5f, 1.0f, -3.0f}) == std::vector<float>{0, 0, 0});
}

TEST_CASE("each level of residual binary takes the sign of what is left, times its mean magnitude") {
  const std::vector<float> x = test::noise(500, 5);
  std::vector<float> left = x, sum(x.size());
  for (int level = 1; level <= 4; ++level) {
    const auto alpha = static_cast<float>(mean_magnitude(left));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float term = left[i] < 0 ? -alpha : alpha;
      sum[i] += term;
      left[i] -= term;
    }
    const std::vector<float> y = quantized(fmt::format("binary_residual({})", level), x);
    for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(double{y[i]} == doctest::Approx(double{sum[i]}).epsilon(1e-5));
  }
  CHECK(test::same_bits(quantized("binary_residual(1)", x), quantized("binary(tensor)", x)));
}

TEST_CASE("a NaN spreads over what shares its scale") {
  std::vector<float> x = test::noise(20, 5);
  x[3] = NAN;
  for (const char* format : {"binary(channel)", "ternary(channel)"}) {
    const std::vector<float> y = quantized(format, {2, 10}, x);
    for (std::size_t i = 0; i < 20; ++i) CHECK(std::isnan(y[i]) == (i < 10));
  }
}
