#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/kernels/fixed_gemm/fixed_gemm.h"
#include "engine/kernels/fixed_gemm/table.h"
#include "tests/support/error_text.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;

namespace {

constexpr Rounding kRoundings[] = {Rounding::nearest_even, Rounding::floor, Rounding::half_away};

// A kind of product: its types, and what the activations keep to.
struct Kind {
  CodeType activations;
  int weight_bits;
  CodeRange range;
};
constexpr Kind kKinds[] = {
    {CodeType::u8, 8, {0, 255}},        {CodeType::s8, 8, {-128, 127}}, {CodeType::u8, 8, {0, 127}},
    {CodeType::s8, 8, {-64, 63}},       {CodeType::u8, 4, {0, 255}},    {CodeType::s8, 4, {-128, 127}},
    {CodeType::s16, 16, {-4096, 4095}},
};

struct Shape {
  std::int64_t m, n, k;
};
// Tails of tiles, panels, groups, chunks of rows and tasks.
constexpr Shape kShapes[] = {{1, 1, 1},    {1, 33, 5},   {2, 16, 4},   {3, 17, 3},   {4, 32, 64}, {5, 31, 67},
                             {6, 64, 33},  {7, 5, 130},  {13, 48, 2},  {14, 15, 40}, {15, 70, 9}, {29, 33, 70},
                             {85, 18, 31}, {169, 40, 8}, {260, 7, 35}, {1, 100, 257}};

// How codes are drawn.
enum class Fill { random, lowest, highest, alternating, small };
constexpr Fill kFills[] = {Fill::random, Fill::lowest, Fill::highest, Fill::alternating, Fill::small};

std::int64_t draw(Fill fill, CodeRange range, std::int64_t i, Rng& rng) {
  switch (fill) {
    case Fill::random:
      return range.lowest +
             static_cast<std::int64_t>(rng.uniform() * static_cast<double>(range.highest - range.lowest + 1));
    case Fill::lowest:
      return range.lowest;
    case Fill::highest:
      return range.highest;
    case Fill::alternating:
      return i % 3 == 0 ? range.lowest : range.highest;
    case Fill::small:
      return std::clamp<std::int64_t>(static_cast<std::int64_t>(rng.uniform() * 9.0) - 4, range.lowest, range.highest);
  }
  return 0;
}

// A layer, a batch, and the sums in 64 bits.
struct Case {
  Case(Kind kind, Shape shape, Fill fill_x, Fill fill_w, std::uint64_t seed) : kind(kind), shape(shape) {
    const auto [m, n, k] = shape;
    Rng rng(seed, static_cast<std::uint64_t>(Stream::test));
    ldx = k + 3;
    x.resize(static_cast<std::size_t>(m * ldx));
    for (std::int64_t i = 0; i < m * ldx; ++i) x[static_cast<std::size_t>(i)] = draw(fill_x, kind.range, i, rng);
    const CodeRange weights = kind.weight_bits == 16 ? CodeRange{-700, 700} : code_range(kind.weight_bits, true);
    for (std::int64_t i = 0; i < n * k; ++i) w.push_back(draw(fill_w, weights, i, rng));
    for (std::int64_t j = 0; j < n; ++j)
      bias.push_back(static_cast<std::int32_t>(draw(Fill::random, {-100000, 100000}, j, rng)));
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        std::int64_t sum = bias[static_cast<std::size_t>(j)];
        for (std::int64_t p = 0; p < k; ++p)
          sum += x[static_cast<std::size_t>(i * ldx + p)] * w[static_cast<std::size_t>(j * k + p)];
        sums.push_back(sum);
      }
    }
    if (code_bytes(kind.activations) == 2) {
      x16.assign(x.begin(), x.end());
    } else {
      for (const std::int64_t code : x) x8.push_back(static_cast<std::uint8_t>(code));
    }
  }

  FixedLayer layer() const { return {"test", shape.n, shape.k, kind.activations, kind.range, bias}; }
  PackedWeights packed(const FixedGemmRow& row) const {
    if (kind.weight_bits == 16) return {row, layer(), std::vector<std::int16_t>(w.begin(), w.end())};
    return {row, layer(), kind.weight_bits, std::vector<std::int8_t>(w.begin(), w.end())};
  }
  const void* input() const {
    return x16.empty() ? static_cast<const void*>(x8.data()) : static_cast<const void*>(x16.data());
  }

  Kind kind;
  Shape shape;
  std::int64_t ldx;
  std::vector<std::int64_t> x, w, sums;
  std::vector<std::int32_t> bias;
  std::vector<std::uint8_t> x8;
  std::vector<std::int16_t> x16;
};

// On one thread: many small products, which other processes would keep from meeting at their ends.
template <class Check>
void for_each_fixed_row(const Check& check) {
  const int before = threads();
  set_threads(1);
  ingot::test::for_each_row(fixed_gemm_rows(), check);
  set_threads(before);
}

// The number of values of y[m, n + gap] that differ from `expected`, and of gaps that were written.
template <class Code, class Expected>
std::int64_t n_wrong(const std::vector<Code>& y, Shape shape, std::int64_t gap, Code mark, const Expected& expected) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < shape.m; ++i) {
    for (std::int64_t j = 0; j < shape.n + gap; ++j) {
      const Code got = y[static_cast<std::size_t>(i * (shape.n + gap) + j)];
      count += j < shape.n ? got != expected(i, j) : got != mark;
    }
  }
  return count;
}

template <class Code>
void check_codes(const Case& c, const PackedWeights& packed, CodeType type, CodeRange range, Rounding rounding,
                 const std::vector<int>& shifts) {
  const auto [m, n, k] = c.shape;
  const Requantizer requantizer(packed, {.shifts = shifts, .rounding = rounding, .type = type, .range = range});
  std::vector<Code> y(static_cast<std::size_t>(m * (n + 2)), Code{99});
  fixed_linear(packed, m, c.input(), c.ldx, requantizer, y.data(), n + 2);
  const auto expected = [&](std::int64_t i, std::int64_t j) {
    const int shift = shifts[shifts.size() == 1 ? 0 : static_cast<std::size_t>(j)];
    return static_cast<Code>(requantize(c.sums[static_cast<std::size_t>(i * n + j)], shift, rounding, range));
  };
  INFO("rounding ", static_cast<int>(rounding), " type ", static_cast<int>(type), " shift ", shifts[0]);
  CHECK(n_wrong(y, c.shape, 2, Code{99}, expected) == 0);
}

void check_all_types(const Case& c, const PackedWeights& packed, Rounding rounding, const std::vector<int>& shifts) {
  check_codes<std::int8_t>(c, packed, CodeType::s8, code_range(8, true), rounding, shifts);
  check_codes<std::uint8_t>(c, packed, CodeType::u8, code_range(8, false), rounding, shifts);
  check_codes<std::int16_t>(c, packed, CodeType::s16, code_range(16, true), rounding, shifts);
  check_codes<std::int8_t>(c, packed, CodeType::s8, code_range(5, true), rounding, shifts);
}

}  // namespace

TEST_CASE("sums are exact on every instruction set, for random and extreme codes of every kind and shape") {
  for (const Kind& kind : kKinds) {
    for (const Shape shape : kShapes) {
      for (const Fill fill_x : kFills) {
        for (const Fill fill_w : kFills) {
          const Case c(kind, shape, fill_x, fill_w, 11);
          INFO("weights ", kind.weight_bits, " activations ", static_cast<int>(kind.activations), " from ",
               kind.range.lowest, " ", shape.m, "x", shape.n, "x", shape.k, " fills ", static_cast<int>(fill_x), " ",
               static_cast<int>(fill_w));
          for_each_fixed_row([&](const FixedGemmRow& row) {
            std::vector<std::int32_t> y(static_cast<std::size_t>(shape.m * (shape.n + 3)), 424242);
            fixed_linear(c.packed(row), shape.m, c.input(), c.ldx, y.data(), shape.n + 3);
            const auto expected = [&](std::int64_t i, std::int64_t j) {
              return c.sums[static_cast<std::size_t>(i * shape.n + j)];
            };
            CHECK(n_wrong(y, shape, 3, 424242, expected) == 0);
          });
        }
      }
    }
  }
}

TEST_CASE("sums are requantised by the definition on every instruction set, per tensor and per channel") {
  for (const Kind& kind : kKinds) {
    for (const Shape shape : {Shape{3, 1, 1}, Shape{5, 37, 20}, Shape{90, 18, 12}}) {
      const Case c(kind, shape, Fill::random, Fill::random, 12);
      for_each_fixed_row([&](const FixedGemmRow& row) {
        const PackedWeights packed = c.packed(row);
        for (const Rounding rounding : kRoundings) {
          for (const int shift : {-40, -3, 0, 1, 2, 5, 9, 16, 31, 32, 33, 1000})
            check_all_types(c, packed, rounding, {shift});
          for (const int first : {0, -6}) {
            std::vector<int> shifts;
            for (std::int64_t j = 0; j < shape.n; ++j) shifts.push_back(first + static_cast<int>(j % (12 - 4 * first)));
            check_all_types(c, packed, rounding, shifts);
          }
        }
      });
    }
  }
}

TEST_CASE("ties are rounded by the rule, and neighbours of ties to the nearest") {
  for_each_fixed_row([](const FixedGemmRow& row) {
    Case c({CodeType::s8, 8, {-128, 127}}, {255, 40, 1}, Fill::random, Fill::highest, 13);
    for (std::int64_t i = 0; i < 255; ++i)
      c.x8[static_cast<std::size_t>(i * c.ldx)] = static_cast<std::uint8_t>(i - 127);
    c.w.assign(40, 1);
    for (std::int64_t j = 0; j < 40; ++j) c.bias[static_cast<std::size_t>(j)] = static_cast<std::int32_t>(j) - 20;
    for (std::int64_t i = 0; i < 255; ++i)
      for (std::int64_t j = 0; j < 40; ++j) c.sums[static_cast<std::size_t>(i * 40 + j)] = i - 127 + j - 20;
    const PackedWeights packed = c.packed(row);
    for (const Rounding rounding : kRoundings)
      for (int shift = 0; shift <= 8; ++shift) check_all_types(c, packed, rounding, {shift});
  });
}

TEST_CASE("sums at the end of 32 bits are exact and requantised exactly by every shift") {
  constexpr std::int32_t kEnds[] = {2147483647, 2147483646, 1073741825, 1073741824, 1073741823, 1610612736};
  for_each_fixed_row([&](const FixedGemmRow& row) {
    Case c({CodeType::u8, 8, {0, 0}}, {1, 12, 3}, Fill::lowest, Fill::lowest, 14);
    for (std::int64_t j = 0; j < 12; ++j) {
      c.bias[static_cast<std::size_t>(j)] = j < 6 ? kEnds[j] : -kEnds[j - 6];
      c.sums[static_cast<std::size_t>(j)] = c.bias[static_cast<std::size_t>(j)];
    }
    const PackedWeights packed = c.packed(row);
    for (const Rounding rounding : kRoundings)
      for (int shift = -2; shift <= 34; ++shift) check_all_types(c, packed, rounding, {shift});
  });
}

TEST_CASE("weights whose sums could leave 32 bits are refused, those that just fit are exact") {
  // 32768 65534 = 2^31 - 2^16: a bias of 65535 more fits, one of 65536 does not.
  const std::vector<std::int16_t> w{5, -3, 32767, -32767};
  const std::vector<std::int32_t> fits{7, 65535}, leaves{7, 65536};
  FixedLayer layer{"encoder.0.query", 2, 2, CodeType::s16, code_range(16, true), fits};
  for_each_fixed_row([&](const FixedGemmRow& row) {
    const PackedWeights packed(row, layer, w);
    CHECK(packed.bound(1) == 2147483647);
    const std::vector<std::int16_t> x{-32768, 32767, 32767, -32768};
    std::vector<std::int32_t> y(4);
    fixed_linear(packed, 2, x.data(), 2, y.data(), 2);
    CHECK(y[1] == -32768 * 32767 - 32767 * 32767 + 65535);
    CHECK(y[3] == 32767 * 32767 + 32768 * 32767 + 65535);
  });
  layer.bias = leaves;
  const std::string text = ingot::test::error_text([&] { PackedWeights(layer, w); });
  CHECK(text ==
        "layer 'encoder.0.query' channel 1: sums must stay below 2147483648, got 2147483648 (activations up to 32768, "
        "sum of |weights| 65534, bias 65536)");
}

namespace {

// The definition, for each sum of a case without bias codes.
std::vector<float> dequantized(const Case& c, const std::vector<int>& frac_bits, const std::vector<float>& bias) {
  std::vector<float> y;
  for (std::size_t i = 0; i < c.sums.size(); ++i) {
    const std::size_t j = i % static_cast<std::size_t>(c.shape.n);
    const double exact = std::ldexp(static_cast<double>(c.sums[i]), -frac_bits[frac_bits.size() == 1 ? 0 : j]);
    y.push_back(static_cast<float>(bias.empty() ? exact : exact + static_cast<double>(bias[j])));
  }
  return y;
}

std::vector<float> run_floats(const Case& c, const PackedWeights& packed, const Dequantization& how) {
  const auto [m, n, k] = c.shape;
  std::vector<float> y(static_cast<std::size_t>(m * (n + 2)), 99.0f);
  fixed_linear(packed, m, c.input(), c.ldx, Dequantizer(packed, how), y.data(), n + 2);
  std::vector<float> rows;
  for (std::int64_t i = 0; i < m; ++i) {
    const float* row = y.data() + i * (n + 2);
    rows.insert(rows.end(), row, row + n);
    CHECK(row[n] == 99.0f);
    CHECK(row[n + 1] == 99.0f);
  }
  return rows;
}

// Biases of the size of the sums, so that adding them rounds.
std::vector<float> biases_of(const Case& c, const std::vector<int>& frac_bits) {
  std::vector<float> bias = ingot::test::noise(c.shape.n, 21, 1000);
  for (std::size_t j = 0; j < bias.size(); ++j)
    bias[j] = std::ldexp(bias[j], -frac_bits[frac_bits.size() == 1 ? 0 : j]);
  return bias;
}

}  // namespace

TEST_CASE("sums become floats by the definition on every instruction set, per tensor and per channel") {
  for (const Kind& kind : kKinds) {
    for (const Shape shape : {Shape{3, 1, 1}, Shape{5, 37, 20}, Shape{90, 18, 12}, Shape{2, 70, 600}}) {
      Case c(kind, shape, Fill::random, Fill::random, 16);
      for (std::size_t i = 0; i < c.sums.size(); ++i) c.sums[i] -= c.bias[i % c.bias.size()];
      std::fill(c.bias.begin(), c.bias.end(), 0);
      std::vector<int> channels;
      for (std::int64_t j = 0; j < shape.n; ++j) channels.push_back(static_cast<int>(j % 23) - 4);
      for_each_fixed_row([&](const FixedGemmRow& row) {
        const PackedWeights packed = c.packed(row);
        for (const std::vector<int>& frac_bits :
             {std::vector<int>{0}, std::vector<int>{11}, std::vector<int>{-90}, std::vector<int>{-110},
              std::vector<int>{126}, std::vector<int>{135}, std::vector<int>{600}, channels}) {
          INFO("fraction bits ", frac_bits[0], " bits ", kind.weight_bits);
          const std::vector<float> bias = biases_of(c, frac_bits);
          CHECK(ingot::test::same_bits(run_floats(c, packed, {.frac_bits = frac_bits, .bias = bias}),
                                       dequantized(c, frac_bits, bias)));
          CHECK(ingot::test::same_bits(run_floats(c, packed, {.frac_bits = frac_bits}), dequantized(c, frac_bits, {})));
        }
      });
    }
  }
}

TEST_CASE("floats are activated and quantised for the next layer as if they had been stored in between") {
  for (const Shape shape : {Shape{5, 37, 20}, Shape{200, 130, 33}}) {
    Case c({CodeType::s8, 8, {-128, 127}}, shape, Fill::random, Fill::small, 17);
    std::fill(c.bias.begin(), c.bias.end(), 0);
    const std::vector<int> frac_bits{7};
    const std::vector<float> bias = ingot::test::noise(shape.n, 22, 3);
    for_each_fixed_row([&](const FixedGemmRow& row) {
      const PackedWeights packed = c.packed(row);
      for (const Activation activation : {Activation::identity, Activation::gelu, Activation::tanh}) {
        std::vector<float> y = run_floats(c, packed, {.frac_bits = frac_bits, .bias = bias});
        activation_forward(activation, static_cast<std::int64_t>(y.size()), y.data(), y.data());
        const Dequantization how{.frac_bits = frac_bits, .bias = bias, .activation = activation};
        CHECK(ingot::test::same_bits(run_floats(c, packed, how), y));
        for (const Rounding rounding : kRoundings) {
          const CodeRange range = code_range(6, true);
          std::vector<std::int8_t> codes(static_cast<std::size_t>(shape.m * (shape.n + 2)), 99);
          fixed_linear(packed, shape.m, c.input(), c.ldx, Dequantizer(packed, how), {3, rounding, CodeType::s8, range},
                       codes.data(), shape.n + 2);
          const auto expected = [&](std::int64_t i, std::int64_t j) {
            return fixed_code(y[static_cast<std::size_t>(i * shape.n + j)], 3, rounding, range);
          };
          CHECK(n_wrong(codes, shape, 2, std::int8_t{99}, expected) == 0);
        }
      }
    });
  }
}

TEST_CASE("what does not fit together is refused") {
  const std::vector<std::int8_t> w(6, 7);
  const std::vector<std::int16_t> w16(6, 7);
  FixedLayer layer{"q", 2, 3, CodeType::u8, {0, 255}, {}};
  const auto refused = [&](const FixedLayer& with, int bits, const std::vector<std::int8_t>& codes) {
    return ingot::test::error_text([&] { PackedWeights(with, bits, codes); });
  };
  CHECK(refused(layer, 4, w).empty());
  CHECK(refused(layer, 4, {1, 2, 3, 4, 8, 1}) == "layer 'q' channel 1: weights of 4 bits are in -8 .. 7, got 8");
  CHECK(refused(layer, 5, w) == "layer 'q': weights in bytes have 4 or 8 bits, got 5");
  CHECK(refused(layer, 8, {1}) == "layer 'q': 2 x 3 weights expected, got 1");
  CHECK(ingot::test::error_text([&] { PackedWeights(layer, w16); }) ==
        "layer 'q': weights of 16 bits need activations of 16 bits, got 8");
  FixedLayer other = layer;
  other.activations = CodeType::s16;
  CHECK(refused(other, 8, w) == "layer 'q': weights of 8 bits need activations of 8 bits, got 16");
  other = layer;
  other.activation_range = {-1, 255};
  CHECK(refused(other, 8, w) == "layer 'q': activations must keep a range around 0 within 0 .. 255, got -1 .. 255");
  const std::vector<std::int32_t> bias{1};
  other = layer;
  other.bias = bias;
  CHECK(refused(other, 8, w) == "layer 'q': a bias has one value for each of 2 channels, got 1");
  other = layer;
  other.k = 0;
  CHECK(refused(other, 8, w) == "layer 'q': channels and inputs must be at least 1, got 2 and 0");

  const PackedWeights packed(layer, 8, w);
  const std::vector<int> three{1, 2, 3}, one{1};
  const auto requantizer_refused = [&](const Requantization& how) {
    return ingot::test::error_text([&] { Requantizer(packed, how); });
  };
  CHECK(requantizer_refused({.shifts = three}) ==
        "requantisation: 1 shift, or one for each of 2 channels, expected, got 3");
  CHECK(requantizer_refused({.shifts = one, .type = CodeType::s32}) ==
        "requantisation: codes have 8 or 16 bits, got 32");
  CHECK(requantizer_refused({.shifts = one, .range = {-128, 128}}) ==
        "requantisation: codes must be in -128 .. 127, got -128 .. 128");
  const std::vector<float> floats{1, 2, 3};
  CHECK(ingot::test::error_text([&] { Dequantizer(packed, {.frac_bits = three}); }) ==
        "dequantisation: 1 number of fraction bits, or one for each of 2 channels, expected, got 3");
  CHECK(ingot::test::error_text([&] { Dequantizer(packed, {.frac_bits = one, .bias = floats}); }) ==
        "dequantisation: a bias for each of 2 channels expected, got 3");
}

TEST_CASE("int4 weights take half the bytes of int8 weights") {
  const std::vector<std::int8_t> w(64 * 128, 3);
  const FixedLayer layer{"q", 64, 128, CodeType::s8, {-128, 127}, {}};
  for_each_fixed_row([&](const FixedGemmRow& row) {
    CHECK(PackedWeights(row, layer, 8, w).weight_bytes() == 64 * 128);
    CHECK(PackedWeights(row, layer, 4, w).weight_bytes() == 64 * 128 / 2);
  });
}

TEST_CASE("products of codes are the same on one and two threads and by default") {
  for (const Shape shape : {Shape{700, 300, 64}, Shape{20, 3000, 128}}) {
    const Case c({CodeType::s8, 4, {-128, 127}}, shape, Fill::random, Fill::random, 15);
    const PackedWeights packed(c.layer(), 4, std::vector<std::int8_t>(c.w.begin(), c.w.end()));
    const std::vector<int> shifts{6};
    const Requantizer requantizer(packed, {.shifts = shifts});
    const auto [one, two] = ingot::test::on_one_and_on(2, [&] {
      std::vector<std::int8_t> y(static_cast<std::size_t>(shape.m * shape.n));
      fixed_linear(packed, shape.m, c.input(), c.ldx, requantizer, y.data(), shape.n);
      return y;
    });
    CHECK(one == two);
    const auto n_different = [&] {
      std::int64_t count = 0;
      for (std::size_t i = 0; i < one.size(); ++i)
        count += one[i] != requantize(c.sums[i], 6, Rounding::nearest_even, code_range(8, true));
      return count;
    };
    CHECK(n_different() == 0);
  }
}
