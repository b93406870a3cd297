#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "engine/base/fixed_point.h"

using namespace ingot::engine;

namespace {

constexpr Rounding kRoundings[] = {Rounding::nearest_even, Rounding::floor, Rounding::half_away};
using Wide = __int128;

// R(numerator / denominator), denominator > 0, in so many words.
Wide rounded(Wide numerator, Wide denominator, Rounding rounding) {
  Wide below = numerator / denominator;
  if (below * denominator > numerator) --below;
  const Wide twice = 2 * (numerator - below * denominator);  // the distance, in halves of the denominator
  if (rounding == Rounding::floor || twice < denominator) return below;
  if (twice > denominator) return below + 1;
  if (rounding == Rounding::half_away) return numerator < 0 ? below : below + 1;
  return below % 2 == 0 ? below : below + 1;
}

Wide rounded_shift(Wide x, int shift, Rounding rounding) {
  return shift >= 0 ? rounded(x, Wide{1} << shift, rounding) : x * (Wide{1} << -shift);
}

}  // namespace

TEST_CASE("a shift rounds as the quotient does, for all small codes and shifts") {
  for (const Rounding rounding : kRoundings)
    for (int x = -600; x <= 600; ++x)
      for (int shift = -20; shift <= 40; ++shift)
        REQUIRE(round_shift(x, shift, rounding) == static_cast<std::int64_t>(rounded_shift(x, shift, rounding)));
}

TEST_CASE("a shift rounds as the quotient does at the ends of 32 and 64 bits") {
  using Limits = std::numeric_limits<std::int64_t>;
  for (const Rounding rounding : kRoundings) {
    for (const std::int64_t base : {Limits::min(), -(std::int64_t{1} << 31), std::int64_t{0}, std::int64_t{1} << 30,
                                    std::int64_t{1} << 31, std::int64_t{1} << 62, Limits::max()}) {
      for (int delta = -3; delta <= 3; ++delta) {
        const Wide wide = Wide{base} + delta;
        if (wide < Limits::min() || wide > Limits::max()) continue;
        const auto x = static_cast<std::int64_t>(wide);
        for (int shift = 0; shift <= 100; ++shift)
          REQUIRE(round_shift(x, shift, rounding) == static_cast<std::int64_t>(rounded_shift(x, shift, rounding)));
        for (int left = 0; left <= 60; ++left) {
          Wide exact = wide * (Wide{1} << left);
          exact = std::min<Wide>(std::max<Wide>(exact, Limits::min()), Limits::max());
          REQUIRE(round_shift(x, -left, rounding) == static_cast<std::int64_t>(exact));
        }
      }
    }
    for (const int far : {64, 1000, std::numeric_limits<int>::max()}) {
      CHECK(round_shift(5, -far, rounding) == Limits::max());
      CHECK(round_shift(-5, -far, rounding) == Limits::min());
      CHECK(round_shift(0, -far, rounding) == 0);
      CHECK(round_shift(5, far, rounding) == 0);
      CHECK(round_shift(-5, far, rounding) == (rounding == Rounding::floor ? -1 : 0));
    }
    CHECK(round_shift(-1, std::numeric_limits<int>::min(), rounding) == Limits::min());
  }
}

TEST_CASE("golden roundings") {
  constexpr int kHalves[] = {-5, -3, -1, 1, 3, 5};
  constexpr int kEven[] = {-2, -2, 0, 0, 2, 2}, kFloor[] = {-3, -2, -1, 0, 1, 2}, kAway[] = {-3, -2, -1, 1, 2, 3};
  for (int i = 0; i < 6; ++i) {
    CHECK(round_shift(kHalves[i], 1, Rounding::nearest_even) == kEven[i]);
    CHECK(round_shift(kHalves[i], 1, Rounding::floor) == kFloor[i]);
    CHECK(round_shift(kHalves[i], 1, Rounding::half_away) == kAway[i]);
  }
  static_assert(requantize(1000, 2, Rounding::floor, code_range(8, true)) == 127);
  static_assert(requantize(-1000, 2, Rounding::floor, code_range(8, true)) == -128);
  static_assert(requantize(-1000, 2, Rounding::floor, code_range(8, false)) == 0);
}

TEST_CASE("codes of a width lie in two's complement, or from 0 on") {
  CHECK(code_range(1, true) == CodeRange{-1, 0});
  CHECK(code_range(1, false) == CodeRange{0, 1});
  CHECK(code_range(32, true) == CodeRange{-2147483648, 2147483647});
  CHECK(code_range(32, false) == CodeRange{0, 4294967295});
  CHECK(code_range(CodeType::u8) == CodeRange{0, 255});
  CHECK(code_range(CodeType::s16) == CodeRange{-32768, 32767});
  for (int width = 1; width <= 32; ++width) {
    for (const bool is_signed : {false, true}) {
      const CodeRange range = code_range(width, is_signed);
      CHECK(range.highest - range.lowest == (std::int64_t{1} << width) - 1);
      CHECK(saturate(range.highest + 1, range) == range.highest);
      CHECK(saturate(range.lowest - 1, range) == range.lowest);
      CHECK(saturate(range.highest, range) == range.highest);
      for (const int fraction_bits : {-40, 0, 7, 50}) {
        const FixedRange values = fixed_range(width, fraction_bits, is_signed);
        CHECK(values.lowest == std::ldexp(static_cast<double>(range.lowest), -fraction_bits));
        CHECK(values.highest == std::ldexp(static_cast<double>(range.highest), -fraction_bits));
      }
    }
  }
}

TEST_CASE("no code of a narrow format is nearer to a number than the one it gets") {
  for (int width = 1; width <= 6; ++width) {
    for (const bool is_signed : {false, true}) {
      const CodeRange range = code_range(width, is_signed);
      for (const int fraction_bits : {-3, 0, 2, 9}) {
        for (int eighths = -40 * 8; eighths <= 40 * 8; ++eighths) {
          const auto x = static_cast<float>(std::ldexp(eighths, -3 - fraction_bits));
          for (const Rounding rounding : {Rounding::nearest_even, Rounding::half_away}) {
            const std::int64_t code = fixed_code(x, fraction_bits, rounding, range);
            const double distance = std::abs(eighths / 8.0 - static_cast<double>(code));
            for (std::int64_t other = range.lowest; other <= range.highest; ++other)
              REQUIRE(distance <= std::abs(eighths / 8.0 - static_cast<double>(other)));
          }
        }
      }
    }
  }
}

TEST_CASE("a number's code is the rounded, saturated quotient of integers") {
  for (const Rounding rounding : kRoundings)
    for (int significand = -300; significand <= 300; ++significand)
      for (int exponent = -12; exponent <= 3; ++exponent)
        for (const int fraction_bits : {-2, 0, 5, 11}) {
          const auto x = static_cast<float>(std::ldexp(significand, exponent));
          const CodeRange range = code_range(8, true);
          const auto exact = static_cast<std::int64_t>(rounded_shift(significand, -exponent - fraction_bits, rounding));
          REQUIRE(fixed_code(x, fraction_bits, rounding, range) == saturate(exact, range));
        }
}

TEST_CASE("huge, tiny and missing numbers have codes") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kTiny = std::numeric_limits<float>::denorm_min(), kHuge = std::numeric_limits<float>::max();
  for (const CodeRange range : {code_range(8, true), code_range(32, true), code_range(32, false)}) {
    for (const Rounding rounding : kRoundings) {
      CHECK(fixed_code(std::numeric_limits<float>::quiet_NaN(), 3, rounding, range) == 0);
      for (const float x : {kInfinity, kHuge}) {
        CHECK(fixed_code(x, 0, rounding, range) == range.highest);
        CHECK(fixed_code(-x, 0, rounding, range) == range.lowest);
      }
      for (const int fraction_bits : {0, 100, -1000, std::numeric_limits<int>::min()}) {
        CHECK(fixed_code(kTiny, fraction_bits, rounding, range) == 0);
        CHECK(fixed_code(-kTiny, fraction_bits, rounding, range) ==
              (rounding == Rounding::floor ? std::max<std::int64_t>(-1, range.lowest) : 0));
      }
      CHECK(fixed_code(kTiny, 149, rounding, range) == 1);
      CHECK(fixed_code(kTiny, 600, rounding, range) == range.highest);
      CHECK(fixed_code(kHuge, -600, rounding, range) == 0);
      CHECK(fixed_code(0.0f, std::numeric_limits<int>::max(), rounding, range) == 0);
    }
  }
  CHECK(fixed_code(0.49999997f, 0, Rounding::half_away, code_range(8, true)) == 0);
  CHECK(fixed_code(-0.49999997f, 0, Rounding::half_away, code_range(8, true)) == 0);
}

TEST_CASE("a code's number is exact where float32 holds it, and its code is the code") {
  for (int code = -128; code <= 127; ++code) {
    for (const int fraction_bits : {-20, -1, 0, 4, 30}) {
      const float value = fixed_value(code, fraction_bits);
      CHECK(value == std::ldexp(static_cast<float>(code), -fraction_bits));
      CHECK(fixed_code(value, fraction_bits, Rounding::floor, code_range(8, true)) == code);
    }
  }
  CHECK(fixed_value(2147483647, 0) == 2147483648.0f);
  CHECK(fixed_value(3, 150) == std::ldexp(1.0f, -148));  // 1.5 units of 2^-149: to the even 2
  CHECK(fixed_value(1, 1000) == 0.0f);
  CHECK(std::isinf(fixed_value(1, -1000)));
}

TEST_CASE("a quotient rounds as its definition says, for all small numbers and at the ends of 64 bits") {
  using Limits = std::numeric_limits<std::int64_t>;
  for (const Rounding rounding : kRoundings) {
    for (int x = -300; x <= 300; ++x)
      for (int divisor = 1; divisor <= 130; ++divisor)
        REQUIRE(divide(x, divisor, rounding) == static_cast<std::int64_t>(rounded(x, divisor, rounding)));
    for (const std::int64_t x : {Limits::min(), Limits::min() + 1, Limits::max() - 1, Limits::max(), std::int64_t{0},
                                 std::int64_t{-1}, std::int64_t{1} << 62, -(std::int64_t{1} << 62) - 1})
      for (const std::int64_t divisor :
           {std::int64_t{1}, std::int64_t{2}, std::int64_t{3}, std::int64_t{1} << 62, Limits::max() - 1, Limits::max()})
        REQUIRE(divide(x, divisor, rounding) == static_cast<std::int64_t>(rounded(x, divisor, rounding)));
  }
}

TEST_CASE("a square root is the largest integer whose square fits") {
  const auto holds = [](std::uint64_t x) {
    const Wide root = square_root(x);
    return root * root <= Wide{x} && (root + 1) * (root + 1) > Wide{x};
  };
  for (std::uint64_t x = 0; x < 70000; ++x) REQUIRE(holds(x));
  for (std::uint64_t root = 1; root < std::uint64_t{1} << 32; root += root / 50 + 1)
    for (const std::uint64_t x : {root * root - 1, root * root, root * root + 1}) REQUIRE(holds(x));
  CHECK(holds(std::numeric_limits<std::uint64_t>::max()));
}
