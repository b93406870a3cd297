#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/base/isa.h"
#include "tests/engine/simd_math.h"

using namespace ingot;

namespace {

using Function = void (*)(std::int64_t n, const float* x, float* y);

struct Row {
  engine::Isa isa;
  Function exp, tanh, erf;
};

std::vector<Row> rows() {
  std::vector<Row> rows;
#if defined(__x86_64__)
  rows.push_back({engine::Isa::avx512, test::simd_exp_avx512, test::simd_tanh_avx512, test::simd_erf_avx512});
  rows.push_back({engine::Isa::avx2, test::simd_exp_avx2, test::simd_tanh_avx2, test::simd_erf_avx2});
#endif
  std::erase_if(rows, [](const Row& row) { return !engine::executes(row.isa); });
  if (rows.empty()) MESSAGE("skipped: this machine runs none of the vector instruction sets");
  return rows;
}

// Every 4,099th float of [low, high], over all exponents.
std::vector<float> floats_between(float low, float high) {
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += 4099) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (value >= low && value <= high) values.push_back(value);
  }
  return values;
}

std::vector<float> apply(Function function, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  function(static_cast<std::int64_t>(x.size()), x.data(), y.data());
  return y;
}

double ulps(float got, double want) {
  const float rounded = static_cast<float>(want);
  const double ulp = std::nextafter(std::abs(rounded), std::numeric_limits<float>::infinity()) - std::abs(rounded);
  return std::abs(got - want) / ulp;
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("the vector exp is within 2 ulp from -87 to 88 and clamped outside") {
  const std::vector<float> x = floats_between(-87, 88);
  for (const Row& row : rows()) {
    CAPTURE(name(row.isa));
    const std::vector<float> y = apply(row.exp, x);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, ulps(y[i], std::exp(static_cast<double>(x[i]))));
    CHECK(worst < 2);
    const std::vector<float> outside = apply(row.exp, {-kInfinity, -1e30f, -87, 0, 88, 1e30f, kInfinity});
    CHECK(outside[0] == outside[2]);
    CHECK(outside[1] == outside[2]);
    CHECK(outside[3] == 1);
    CHECK(outside[5] == outside[4]);
    CHECK(outside[6] == outside[4]);
  }
}

TEST_CASE("the vector tanh is within 3e-7, within 5e-7 of its value, and never beyond 1") {
  const std::vector<float> x = floats_between(-kInfinity, kInfinity);
  for (const Row& row : rows()) {
    CAPTURE(name(row.isa));
    const std::vector<float> y = apply(row.tanh, x);
    double worst = 0, worst_relative = 0, largest = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double want = std::tanh(static_cast<double>(x[i]));
      worst = std::max(worst, std::abs(y[i] - want));
      if (std::abs(want) > 1e-34) worst_relative = std::max(worst_relative, std::abs(y[i] / want - 1));
      largest = std::max<double>(largest, std::abs(y[i]));
    }
    CHECK(worst < 3e-7);
    CHECK(worst_relative < 5e-7);
    CHECK(largest <= 1);
  }
}

TEST_CASE("the vector erf is within 4e-7") {
  const std::vector<float> x = floats_between(-kInfinity, kInfinity);
  for (const Row& row : rows()) {
    CAPTURE(name(row.isa));
    const std::vector<float> y = apply(row.erf, x);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(y[i] - std::erf(double{x[i]})));
    CHECK(worst < 4e-7);
  }
}

TEST_CASE("vector functions give NaN for NaN") {
  const std::vector<float> nan(19, std::numeric_limits<float>::quiet_NaN());
  for (const Row& row : rows()) {
    CAPTURE(name(row.isa));
    for (const Function function : {row.exp, row.tanh, row.erf}) {
      for (const float y : apply(function, nan)) CHECK(std::isnan(y));
    }
  }
}
