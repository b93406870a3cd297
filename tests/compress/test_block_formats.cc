#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/base/error.h"
#include "tests/compress/quantized.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using engine::Shape;
using test::quantized;

namespace {

// The block of each element by its own arithmetic: the coordinates divided by the sizes, right-aligned.
std::vector<std::int64_t> block_numbers(const Shape& shape, std::vector<std::int64_t> sizes) {
  while (static_cast<int>(sizes.size()) < shape.rank()) sizes.insert(sizes.begin(), -1);
  sizes.erase(sizes.begin(), sizes.end() - shape.rank());
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < shape.size(); ++i) {
    std::int64_t rest = i, number = 0, factor = 1;
    for (int d = shape.rank() - 1; d >= 0; --d) {
      const std::int64_t coordinate = rest % shape[d];
      rest /= shape[d];
      const std::int64_t size = sizes[static_cast<std::size_t>(d)];
      number += factor * (size == -1 ? 0 : coordinate / size);
      factor *= shape[d];
    }
    numbers.push_back(number);
  }
  return numbers;
}

struct Case {
  Shape shape;
  std::vector<std::int64_t> sizes;
};
const Case kCases[] = {{{6, 20}, {1, 16}},
                       {{6, 20}, {16}},
                       {{6, 20}, {2, 2}},
                       {{6, 20}, {-1, 4}},
                       {{6, 20}, {4, -1}},
                       {{6, 20}, {1, 100}},
                       {{6, 20}, {5, 7}},
                       {{6, 20}, {3, 1, 16}},
                       {{20}, {1, 16}},
                       {{20}, {16}},
                       {{20}, {-1}},
                       {{3, 5, 7}, {1, 3}},
                       {{3, 5, 7}, {2, 2, 2}},
                       {{2, 3, 4, 5}, {1, 2, 3}},
                       {{2, 3, 4, 5}, {2, -1, 1, 3}},
                       {{7, 1}, {3, 1}}};

std::string text_of(const std::string& format, const std::vector<std::int64_t>& sizes) {
  std::string text = format + ",[";
  for (std::size_t i = 0; i < sizes.size(); ++i) text += fmt::format("{}{}", i > 0 ? "," : "", sizes[i]);
  return text + "])";
}

float largest_magnitude(const std::vector<float>& x) {
  float largest = 0;
  for (const float v : x) largest = std::max(largest, std::abs(v));
  return largest;
}

// The nearest of +-(all numbers of `place`), ties to the even place; place(0) = 0, ascending.
float nearest(double x, int n_places, const std::function<double(int)>& value_of) {
  int best = 0;
  for (int i = 1; i < n_places; ++i) {
    const double d = std::abs(value_of(i) - std::abs(x)), least = std::abs(value_of(best) - std::abs(x));
    if (d < least || (d == least && i % 2 == 0)) best = i;
  }
  return static_cast<float>(std::copysign(value_of(best), best == 0 ? 1.0 : x));
}

double minifloat_value(int place, int m, int bias) {
  const int field = place >> m;
  const double k = std::ldexp(place & ((1 << m) - 1), -m);
  return field == 0 ? std::ldexp(k, 1 - bias) : std::ldexp(1 + k, field - bias);
}

// Blocks of every size of number.
std::vector<std::vector<float>> sample_blocks() {
  std::vector<std::vector<float>> blocks;
  for (std::uint64_t i = 0; i < 300; ++i) {
    std::vector<float> x = test::noise(16, 100 + i, std::ldexp(1.0, static_cast<int>(i % 40) - 30));
    const int exponent = static_cast<int>(i % 30) - 20;
    const float edges[] = {1.0f, 1.5f, 1.75f, 1.875f, 1.9375f, 1.96875f, 1.984375f, 1.9999999f, 1.2f, 1.0000001f};
    if (i % 3 == 0) x[5] = std::ldexp(edges[i / 3 % 10], exponent + 3);  // a maximum at the edge of a carry
    if (i % 7 == 0) x[6] = 0;
    blocks.push_back(std::move(x));
  }
  return blocks;
}

}  // namespace

TEST_CASE("blocks are right-aligned, -1 and missing sizes are whole dimensions, ragged ends are smaller blocks") {
  for (const std::string format : {"block_fp(4,e8", "block_minifloat(6,e2,e8", "block_log(4,e8"}) {
    for (const Case& c : kCases) {
      const std::string text = text_of(format, c.sizes);
      CAPTURE(text);
      CAPTURE(engine::to_string(c.shape));
      std::vector<float> x = test::noise(c.shape.size(), 12);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] *= std::ldexp(1.0f, static_cast<int>(i % 11) - 5);
      const std::vector<std::int64_t> numbers = block_numbers(c.shape, c.sizes);
      std::vector<float> want(x.size());
      for (std::int64_t number = 0; number <= *std::max_element(numbers.begin(), numbers.end()); ++number) {
        std::vector<float> block;
        for (std::size_t i = 0; i < x.size(); ++i)
          if (numbers[i] == number) block.push_back(x[i]);
        if (block.empty()) continue;
        const std::vector<float> alone = quantized(text_of(format, {-1}), block);
        for (std::size_t i = 0, at = 0; i < x.size(); ++i)
          if (numbers[i] == number) want[i] = alone[at++];
      }
      CHECK(test::same_bits(quantized(text, c.shape, x), want));
    }
  }
}

TEST_CASE("block floating point takes the smallest exponent that holds the rounded maximum, and the nearest numbers") {
  for (const int width : {2, 3, 4, 8, 10}) {
    const int m = width - 1, n = 1 << m;
    for (const std::vector<float>& x : sample_blocks()) {
      const double largest = double{largest_magnitude(x)};
      int exponent = -120;
      while (std::nearbyint(std::ldexp(largest, m - exponent)) > n - 1) ++exponent;
      const std::vector<float> y = quantized(fmt::format("block_fp({},e8,[-1])", width), x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        REQUIRE(y[i] == nearest(double{x[i]}, n, [&](int k) { return std::ldexp(k, exponent - m); }));
      }
    }
  }
}

TEST_CASE("a block of minifloats takes the largest bias that holds the rounded maximum, and the nearest numbers") {
  for (const auto& [width, e] : {std::pair{4, 2}, {6, 2}, {8, 4}, {4, 3}, {9, 5}}) {
    const int m = width - 1 - e, n = 1 << (width - 1), last = (1 << e) - 1;
    for (const std::vector<float>& x : sample_blocks()) {
      const double largest = double{largest_magnitude(x)};
      // With no end to the numbers, the maximum is rounded to this place.
      int bias = std::min(255, 150 - m);
      const auto fits = [&](int b) {
        const double end = minifloat_value(n - 1, m, b), next = std::ldexp(1.0, last + 1 - b);
        return largest < (end + next) / 2;
      };
      while (bias > 0 && !fits(bias)) --bias;
      const std::vector<float> y = quantized(fmt::format("block_minifloat({},e{},e8,[-1])", width, e), x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        REQUIRE(y[i] == nearest(double{x[i]}, n, [&](int place) { return minifloat_value(place, m, bias); }));
      }
      if (m == 0) CHECK(test::same_bits(y, quantized(fmt::format("block_log({},e8,[-1])", width), x)));
    }
  }
}

TEST_CASE("shared exponents and biases end where their bits end") {
  // 2 bits less the bias 1: exponents -1 .. 2, numbers up to 4 (1 - 1/8) in steps of at least 1/16.
  CHECK(quantized("block_fp(4,e2,[1])", {100, 0.26f, 0.03f, -0.04f}) == std::vector<float>{3.5f, 0.25f, 0, -0.0625f});
  // Biases 0 .. 3: the smallest step is 2^(1-3-1).
  CHECK(quantized("block_minifloat(4,e2,e2,[1])", {0.1f, 100, 0.01f}) == std::vector<float>{0.125f, 12, 0});
  CHECK(quantized("block_log(3,e2,[1])", {0.2f, 100, 0.13f}) == std::vector<float>{0.25f, 8, 0.25f});
  CHECK(quantized("block_fp(24,e8,[-1])", {1e-45f, -3e-45f}) == std::vector<float>{1e-45f, -3e-45f});
  const float most = std::numeric_limits<float>::max();
  CHECK(quantized("block_fp(24,e8,[-1])", {most, -1.0f})[0] == std::ldexp(1 - std::ldexp(1.0f, -23), 128 - 0));
}

TEST_CASE("a NaN makes its whole block NaN, and no other") {
  for (const char* format :
       {"block_fp(8,e8,[1,4])", "block_minifloat(8,e4,e8,[1,4])", "block_log(8,e8,[1,4])", "mx(int8,4)"}) {
    std::vector<float> x = test::noise(16, 4);
    x[6] = NAN;
    const std::vector<float> y = quantized(format, {2, 8}, x);
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::isnan(y[i]) == (i >= 4 && i < 8));
  }
}

TEST_CASE("microscaling takes the scale of the specification, and the nearest element") {
  struct Element {
    const char* name;
    int emax, m, bias, n_places;  // of one sign, with 0
  };
  // int8 as an unscaled minifloat: steps of 1/64 up to 127/64.
  const Element elements[] = {{"int8", 0, 6, 1, 128},    {"fp8_e4m3", 8, 3, 7, 127}, {"fp8_e5m2", 15, 2, 15, 124},
                              {"fp6_e2m3", 2, 3, 1, 32}, {"fp6_e3m2", 4, 2, 3, 32},  {"fp4_e2m1", 2, 1, 1, 8}};
  const double ends[] = {127.0 / 64, 448, 57344, 7.5, 28, 6};
  for (std::size_t e = 0; e < std::size(elements); ++e) {
    const Element& element = elements[e];
    CAPTURE(element.name);
    CHECK(minifloat_value(element.n_places - 1, element.m, element.bias) == ends[e]);
    for (const std::vector<float>& x : sample_blocks()) {
      const int exponent = std::ilogb(largest_magnitude(x)) - element.emax;
      const std::vector<float> y = quantized(fmt::format("mx({})", element.name), x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        REQUIRE(y[i] == nearest(double{x[i]}, element.n_places, [&](int place) {
                  return std::ldexp(minifloat_value(place, element.m, element.bias), exponent);
                }));
      }
    }
  }
}

TEST_CASE("microscaling cuts rows, of any rank, into blocks of 32") {
  const std::vector<float> x = test::noise(2 * 3 * 70, 4, 30.0);
  const std::vector<float> y = quantized("mx(fp4_e2m1)", {2, 3, 70}, x);
  for (std::size_t row = 0; row < 6; ++row) {
    for (std::size_t begin = 0; begin < 70; begin += 32) {
      const auto first = x.begin() + static_cast<std::ptrdiff_t>(70 * row + begin);
      const std::vector<float> block(first, first + static_cast<std::ptrdiff_t>(std::min<std::size_t>(32, 70 - begin)));
      CHECK(test::same_bits(quantized("mx(fp4_e2m1)", block), std::span(y).subspan(70 * row + begin, block.size())));
    }
  }
}
