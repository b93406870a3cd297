// Standard mode against every code of a format.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/fixed_point.h"
#include "engine/base/rng.h"
#include "tests/compress/quantized.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using compress::Format;
using compress::parse_format;

namespace {

// What each code stands for, by the definitions, sign in the highest bit.
double decode(const Format& format, std::int64_t code) {
  const auto get = [&](const char* name) { return static_cast<int>(format.parameter(name)); };
  const int width = get("width");
  const double sign = code >> (width - 1) & 1 ? -1 : 1;
  const std::int64_t rest = code & ((std::int64_t{1} << (width - 1)) - 1);
  const int bias = get("exponent_bias");
  if (format.name() == "log") return rest == 0 ? 0 : sign * std::ldexp(1.0, static_cast<int>(rest) - bias);
  const int m = width - 1 - get("exponent_width");
  const auto field = static_cast<int>(rest >> m);
  const double k = std::ldexp(static_cast<double>(rest & ((std::int64_t{1} << m) - 1)), -m);
  if (format.name() == "minifloat_denorm") return sign * std::ldexp(k, field - bias);
  return sign * (field == 0 ? std::ldexp(k, 1 - bias) : std::ldexp(1 + k, field - bias));
}

std::vector<std::string> small_floats() {
  std::vector<std::string> texts;
  for (int width = 2; width <= 10; ++width) {
    for (int e = 1; e <= std::min(width - 1, 8); ++e) {
      for (const int bias : {(1 << (e - 1)) - 1, 0, -3, 9, 40}) {
        texts.push_back(fmt::format("minifloat({},e{},b{})", width, e, bias));
        if (width - 1 - e >= 1) texts.push_back(fmt::format("minifloat_denorm({},e{},b{})", width, e, bias));
      }
    }
    for (const int bias : {7, 0, -3, 140}) {
      if (width <= 9) texts.push_back(fmt::format("log({},b{})", width, bias));
    }
  }
  return texts;
}

// The numbers, the middles between them, the neighbours of both, and floats of every exponent.
std::vector<float> hard_numbers(const std::vector<float>& values) {
  std::vector<float> all{0.0f,
                         -0.0f,
                         std::numeric_limits<float>::infinity(),
                         -std::numeric_limits<float>::infinity(),
                         std::numeric_limits<float>::max(),
                         std::numeric_limits<float>::denorm_min()};
  const auto add = [&](float x) {
    for (const float near : {x, std::nextafter(x, INFINITY), std::nextafter(x, -INFINITY)}) all.push_back(near);
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    add(values[i]);
    if (i > 0) add(static_cast<float>((double{values[i - 1]} + double{values[i]}) / 2));
  }
  engine::Rng rng(5, static_cast<std::uint64_t>(engine::Stream::test));
  for (int i = 0; i < 500; ++i) {
    const float x = std::bit_cast<float>(rng.bits());
    if (!std::isnan(x)) all.push_back(x);
    all.push_back(static_cast<float>(rng.normal()) * values.back());
  }
  return all;
}

// Of the two neighbours of x in `values` the nearer one, or that with the even place, counted from that of 0.
float nearest(const std::vector<float>& values, double x, std::int64_t place_of_zero) {
  const auto above = std::lower_bound(values.begin(), values.end(), x, [](float v, double at) { return v < at; });
  if (above == values.begin()) return values.front();
  if (above == values.end()) return values.back();
  const double up = double{*above} - x, down = x - double{*(above - 1)};
  if (up != down) return up < down ? *above : *(above - 1);
  return (above - values.begin() - place_of_zero) % 2 == 0 ? *above : *(above - 1);
}

std::int64_t count_wrong(const Format& format, const std::vector<float>& values, std::int64_t place_of_zero) {
  const std::vector<float> x = hard_numbers(values);
  const std::vector<float> y = test::quantized(format, {static_cast<std::int64_t>(x.size())}, x);
  std::int64_t n_wrong = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float want = nearest(values, x[i], place_of_zero);
    if (std::bit_cast<std::uint32_t>(y[i]) == std::bit_cast<std::uint32_t>(want)) continue;
    if (++n_wrong <= 3) MESSAGE(compress::to_string(format), ": x ", x[i], " got ", y[i], " want ", want);
  }
  return n_wrong;
}

// The codes that name each number once: the numbers ascending, without those that float32 cannot hold.
std::vector<float> decoded(const Format& format) {
  std::vector<float> all;
  for (std::int64_t code = 0; code < std::int64_t{1} << static_cast<int>(format.parameter("width")); ++code) {
    const double value = decode(format, code);
    if (std::abs(value) <= double{std::numeric_limits<float>::max()}) all.push_back(static_cast<float>(value + 0.0));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace

TEST_CASE("small floats give the nearest of all their numbers, ties to the even code, saturating") {
  for (const std::string& text : small_floats()) {
    CAPTURE(text);
    const Format format = parse_format(text);
    const std::vector<float> values = decoded(format);
    REQUIRE(compress::representable_values(format) == values);
    CHECK(count_wrong(format, values, std::find(values.begin(), values.end(), 0.0f) - values.begin()) == 0);
    CHECK(compress::value_range(format).highest == double{values.back()});
    const std::vector<std::int64_t> codes = compress::codes(format, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK((codes[i] >> static_cast<int>(format.parameter("width"))) == 0);
      CHECK(static_cast<float>(decode(format, codes[i])) == values[i]);
    }
  }
}

TEST_CASE("fixed point gives the nearest of all its numbers, ties to the even code, saturating") {
  for (const char* name : {"fixed", "ufixed"}) {
    for (int width = 1; width <= 10; ++width) {
      for (const int frac_width : {-95, -2, 0, 3, 12, 126}) {
        const Format format = parse_format(fmt::format("{}({},{})", name, width, frac_width));
        const std::int64_t lowest = format.name() == "fixed" ? -(1 << (width - 1)) : 0;
        std::vector<float> values;
        for (std::int64_t code = lowest; code < lowest + (1 << width); ++code) {
          values.push_back(static_cast<float>(std::ldexp(static_cast<double>(code), -frac_width)));
        }
        REQUIRE(compress::representable_values(format) == values);
        CHECK(count_wrong(format, values, -lowest) == 0);
        CHECK(compress::codes(format, values).front() == lowest);
        CHECK(compress::codes(format, values).back() == lowest + (1 << width) - 1);
      }
    }
  }
}

TEST_CASE("the other roundings of fixed point are those of the one definition, at every width") {
  const std::vector<float> x = hard_numbers({-2.0f, -1.5f, 0.0f, 0.25f, 3.0f});
  for (const auto& [word, rounding] :
       {std::pair{"floor", engine::Rounding::floor}, std::pair{"half_away", engine::Rounding::half_away},
        std::pair{"nearest_even", engine::Rounding::nearest_even}}) {
    for (const int width : {1, 7, 16, 24, 25, 32}) {
      const Format format = parse_format(fmt::format("fixed({},2,{})", width, word));
      const std::vector<float> y = test::quantized(format, {static_cast<std::int64_t>(x.size())}, x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const std::int64_t code = engine::fixed_code(x[i], 2, rounding, engine::code_range(width, true));
        REQUIRE(y[i] == engine::fixed_value(code, 2));
      }
    }
  }
}

TEST_CASE("a minifloat as wide as float32 changes no finite number, and bfloat16's ends where float32 ends") {
  std::vector<float> x = hard_numbers({-2.0f, 1.0f});
  std::erase_if(x, [](float v) { return std::isinf(v); });
  const std::vector<float> y = test::quantized("minifloat(32,e8)", x);
  for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(y[i] == x[i]);
  CHECK(compress::value_range(parse_format("minifloat(16,e8)")).highest == std::ldexp(2 - std::ldexp(1.0, -7), 127));
}

TEST_CASE(
    "every kind of format keeps its promises about 0, infinity, NaN, and is idempotent where elements stand alone") {
  for (const std::string text : {"fixed(8,4)", "ufixed(8,4,floor)", "minifloat(8,e4)", "minifloat_denorm(8,e4)",
                                 "log(8,b7)", "binary", "binary(unipolar)"}) {
    const Format format = parse_format(text);
    CAPTURE(text);
    const std::vector<float> values = compress::representable_values(format);
    CHECK(test::quantized(text, values) == values);
    const std::vector<float> y = test::quantized(text, {INFINITY, -INFINITY, NAN});
    CHECK(y[0] == values.back());
    CHECK(y[1] == values.front());
    CHECK(std::isnan(y[2]));
    CHECK_THROWS_AS(compress::codes(format, std::vector<float>{NAN}), engine::Error);
  }
}
