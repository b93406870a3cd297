#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/kernels/quantize/quantize.h"
#include "engine/kernels/quantize/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
using namespace ingot::test;

namespace {

constexpr Rounding kRoundings[] = {Rounding::nearest_even, Rounding::floor, Rounding::half_away};
constexpr CodeType kTypes[] = {CodeType::s8, CodeType::u8, CodeType::s16, CodeType::s32};

// Ties, their neighbours, and floats of every exponent, denormal ones, infinities and NaN among them.
std::vector<float> hard_numbers() {
  std::vector<float> values{0.0f, -0.0f, std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};
  for (int halves = -600; halves <= 600; ++halves) {
    const float tie = static_cast<float>(halves) / 2.0f;
    for (const float x : {tie, std::nextafter(tie, 1e9f), std::nextafter(tie, -1e9f)}) values.push_back(x);
  }
  for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += 400'009)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  return values;
}

std::int64_t code_at(const void* codes, CodeType type, std::int64_t i) {
  switch (type) {
    case CodeType::s8:
      return static_cast<const std::int8_t*>(codes)[i];
    case CodeType::u8:
      return static_cast<const std::uint8_t*>(codes)[i];
    case CodeType::s16:
      return static_cast<const std::int16_t*>(codes)[i];
    case CodeType::s32:
      return static_cast<const std::int32_t*>(codes)[i];
  }
  return 0;
}

}  // namespace

TEST_CASE("every instruction set gives the code of the definition to every number") {
  const std::vector<float> x = hard_numbers();
  const auto n = static_cast<std::int64_t>(x.size());
  for_each_row(quantize_rows(), [&](const QuantizeRow& row) {
    for (const CodeType type : kTypes) {
      for (const Rounding rounding : kRoundings) {
        for (const int fraction_bits : {-600, -130, -3, 0, 1, 24, 31, 149, 600}) {
          const CodeRange range = fraction_bits == 1 ? CodeRange{0, 5} : code_range(type);
          const double factor = power_of_two(fraction_bits);
          std::vector<char> codes(static_cast<std::size_t>(n * code_bytes(type)));
          row.quantize({n, &factor, false, type}, x.data(), rounding, static_cast<double>(range.lowest),
                       static_cast<double>(range.highest), codes.data());
          std::int64_t n_wrong = 0;
          for (std::int64_t i = 0; i < n; ++i)
            n_wrong += code_at(codes.data(), type, i) !=
                       fixed_code(x[static_cast<std::size_t>(i)], fraction_bits, rounding, range);
          INFO("type ", static_cast<int>(type), " rounding ", static_cast<int>(rounding), " bits ", fraction_bits);
          CHECK(n_wrong == 0);
        }
      }
    }
  });
}

TEST_CASE("every instruction set gives every number the value of its code at once, and lets NaN pass") {
  const std::vector<float> x = hard_numbers();
  for_each_row(quantize_rows(), [&](const QuantizeRow& row) {
    for (const Rounding rounding : kRoundings) {
      for (const int fraction_bits : {-96, -3, 0, 1, 24, 126}) {
        const CodeRange range = code_range(fraction_bits == 1 ? 32 : 7, fraction_bits != 24);
        std::int64_t n_wrong = 0;
        for (const std::size_t n : {x.size(), std::size_t{1}, std::size_t{7}, std::size_t{17}}) {
          std::vector<float> y(n + 1, 77.0f);
          std::copy_n(x.data(), n, y.data());
          row.fake_quantize(static_cast<std::int64_t>(n), y.data(), power_of_two(fraction_bits), rounding,
                            static_cast<double>(range.lowest), static_cast<double>(range.highest), y.data());
          for (std::size_t i = 0; i < n; ++i) {
            const float want = fixed_value(fixed_code(x[i], fraction_bits, rounding, range), fraction_bits);
            n_wrong += std::isnan(x[i]) ? !std::isnan(y[i]) : !same_bits({&y[i], 1}, {&want, 1});
          }
          CHECK(y.back() == 77.0f);
        }
        INFO("rounding ", static_cast<int>(rounding), " bits ", fraction_bits);
        CHECK(n_wrong == 0);
      }
    }
  });
}

TEST_CASE("every instruction set gives every code its number") {
  std::vector<std::int32_t> codes{0, 1, -1, 2147483647, -2147483647, -2147483647 - 1, 16777217, -33554435};
  for (std::int64_t i = -2147483648; i < 2147483648; i += 1'234'567) codes.push_back(static_cast<std::int32_t>(i));
  const auto n = static_cast<std::int64_t>(codes.size());
  for_each_row(quantize_rows(), [&](const QuantizeRow& row) {
    for (const CodeType type : kTypes) {
      std::vector<std::int32_t> stored(codes.size());  // the low bytes, whatever number they are in the type
      for (std::int64_t i = 0; i < n; ++i)
        std::memcpy(reinterpret_cast<char*>(stored.data()) + i * code_bytes(type), &codes[static_cast<std::size_t>(i)],
                    static_cast<std::size_t>(code_bytes(type)));
      for (const int fraction_bits : {-600, -100, -1, 0, 7, 40, 140, 150, 600}) {
        const double factor = power_of_two(-fraction_bits);
        std::vector<float> x(codes.size()), expected(codes.size());
        row.dequantize({n, &factor, false, type}, stored.data(), x.data());
        for (std::int64_t i = 0; i < n; ++i)
          expected[static_cast<std::size_t>(i)] = fixed_value(code_at(stored.data(), type, i), fraction_bits);
        INFO("type ", static_cast<int>(type), " bits ", fraction_bits);
        CHECK(same_bits(x, expected));
      }
    }
  });
}

TEST_CASE("every instruction set takes a factor for each number, at all lengths, and writes nothing beyond them") {
  for_each_row(quantize_rows(), [&](const QuantizeRow& row) {
    for (const std::int64_t n : kTailSizes) {
      const std::vector<float> x = noise(n, 5, 40.0);
      std::vector<double> factors;
      for (std::int64_t i = 0; i < n; ++i) factors.push_back(power_of_two(static_cast<int>(i % 7) - 3));
      for (const CodeType type : kTypes) {
        std::vector<std::uint8_t> codes(static_cast<std::size_t>((n + 1) * code_bytes(type)), 0xA5);
        std::vector<float> back(static_cast<std::size_t>(n + 1), 77.0f);
        const CodeRange range = code_range(type);
        row.quantize({n, factors.data(), true, type}, x.data(), Rounding::nearest_even,
                     static_cast<double>(range.lowest), static_cast<double>(range.highest), codes.data());
        for (int b = 0; b < code_bytes(type); ++b)
          CHECK(codes[static_cast<std::size_t>(n * code_bytes(type) + b)] == 0xA5);
        row.dequantize({n, factors.data(), true, type}, codes.data(), back.data());
        CHECK(back.back() == 77.0f);
        for (std::int64_t i = 0; i < n; ++i) {
          const int bits = static_cast<int>(i % 7) - 3;
          const std::int64_t code = code_at(codes.data(), type, i);
          REQUIRE(code == fixed_code(x[static_cast<std::size_t>(i)], bits, Rounding::nearest_even, range));
          REQUIRE(back[static_cast<std::size_t>(i)] == fixed_value(code, -bits));
        }
      }
    }
  });
}

TEST_CASE("matrices are quantised per tensor, row or column, and read back") {
  using Per = FractionBits::Per;
  const std::int64_t rows = 5, columns = 37;
  std::vector<int> bits;
  for (int i = 0; i < 40; ++i) bits.push_back(i % 9 - 1);
  for (const Per per : {Per::tensor, Per::row, Per::column}) {
    for (const std::int64_t gap : {0, 3}) {
      const std::vector<float> x = noise(rows * (columns + gap), 9, 20.0);
      std::vector<std::int16_t> codes(static_cast<std::size_t>(rows * (columns + 2 * gap)), 4321);
      std::vector<float> back(x.size(), 77.0f);
      const Codes stored{CodeType::s16, codes.data(), columns + 2 * gap};
      quantize(rows, columns, x.data(), columns + gap, {per, bits.data()}, Rounding::half_away, code_range(9, true),
               stored);
      dequantize(rows, columns, stored, {per, bits.data()}, back.data(), columns + gap);
      for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
          const int f = bits[static_cast<std::size_t>(per == Per::tensor ? 0 : per == Per::row ? i : j)];
          const auto at = static_cast<std::size_t>(i * (columns + gap) + j);
          const std::int64_t code = codes[static_cast<std::size_t>(i * (columns + 2 * gap) + j)];
          REQUIRE(code == fixed_code(x[at], f, Rounding::half_away, code_range(9, true)));
          REQUIRE(back[at] == fixed_value(code, f));
        }
        if (gap > 0) {
          REQUIRE(codes[static_cast<std::size_t>(i * (columns + 2 * gap) + columns)] == 4321);
          REQUIRE(back[static_cast<std::size_t>(i * (columns + gap) + columns)] == 77.0f);
        }
      }
    }
  }
}

TEST_CASE("a matrix without columns or rows has no codes") {
  const int bits[] = {1, 2, 3};
  std::int8_t code = 55;
  float value = 0.5f;
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{3, 0}, {0, 3}, {0, 0}}) {
    const FractionBits fraction_bits{FractionBits::Per::row, bits};
    const Codes codes{CodeType::s8, &code, columns + 1};
    quantize(rows, columns, &value, columns + 1, fraction_bits, Rounding::floor, code_range(8, true), codes);
    dequantize(rows, columns, codes, fraction_bits, &value, columns + 1);
  }
  CHECK(code == 55);
  CHECK(value == 0.5f);
}

TEST_CASE("a large tensor gets the same codes on one and two threads") {
  const std::vector<float> x = noise(200'000, 3, 5.0);
  const int bits = 4;
  const auto [one, two] = on_one_and_on(2, [&] {
    std::vector<std::int8_t> codes(x.size());
    quantize(2, 100'000, x.data(), 100'000, {FractionBits::Per::tensor, &bits}, Rounding::floor, code_range(8, true),
             {CodeType::s8, codes.data(), 100'000});
    return codes;
  });
  CHECK(one == two);
  CHECK(one[12345] == fixed_code(x[12345], 4, Rounding::floor, code_range(8, true)));
}
