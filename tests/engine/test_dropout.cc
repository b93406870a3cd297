#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/rng.h"
#include "engine/kernels/dropout/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
using namespace ingot::test;

namespace {

// The definition in dropout.h, one element at a time.
std::uint32_t bits_of(const Dropout& dropout, std::int64_t row, std::int64_t column) {
  const PhiloxBlock words =
      philox({static_cast<std::uint32_t>(16 * (column / 128) + column % 16), static_cast<std::uint32_t>(row),
              static_cast<std::uint32_t>(dropout.stream), static_cast<std::uint32_t>(dropout.stream >> 32)},
             dropout.seed);
  const auto s = static_cast<std::size_t>(column % 128 / 16);
  return s % 2 == 0 ? words[s / 2] & 0xffffu : words[s / 2] >> 16;
}

float definition(const Dropout& dropout, std::int64_t row, std::int64_t column) {
  const auto threshold = static_cast<std::uint32_t>(std::lround(65536 * static_cast<double>(dropout.probability)));
  return bits_of(dropout, row, column) >= threshold ? static_cast<float>(65536.0 / (65536.0 - threshold)) : 0.0f;
}

const Dropout kCases[] = {
    {.probability = 0.1f, .seed = 1, .stream = 2},
    {.probability = 0.5f, .seed = 0x9e3779b97f4a7c15u, .stream = 0xfedcba9876543210u},
    {.probability = 0.99f, .seed = ~0ull, .stream = ~0ull},
};

}  // namespace

TEST_CASE("dropout equals its scalar definition bit for bit on every instruction set and tail size") {
  for_each_row(dropout_rows(), [](const DropoutRow& row) {
    for (const Dropout& dropout : kCases) {
      for (const std::int64_t n_columns : kTailSizes) {
        CAPTURE(n_columns);
        const std::int64_t n_rows = 3, first_row = 1000;
        const std::vector<float> x = noise(n_rows * n_columns, 3);
        std::vector<float> want = x, got = x, mask(static_cast<std::size_t>(n_columns) + 1, 77);
        for (std::int64_t i = 0; i < n_rows * n_columns; ++i) {
          want[static_cast<std::size_t>(i)] *= definition(dropout, first_row + i / n_columns, i % n_columns);
        }
        got.push_back(77);
        want.push_back(77);
        row.multiply(mask_of(dropout), first_row, n_rows, n_columns, got.data(), got.data());
        CHECK(same_bits(got, want));
        row.multipliers(mask_of(dropout), first_row, n_columns, mask.data());
        bool same = mask.back() == 77;
        for (std::int64_t c = 0; c < n_columns; ++c) {
          same = same && mask[static_cast<std::size_t>(c)] == definition(dropout, first_row, c);
        }
        CHECK(same);
      }
    }
  });
}

TEST_CASE("an element whose bits equal the threshold is kept") {
  const Dropout dropout{.probability = 0.3f, .seed = 7, .stream = 8};
  std::int64_t row = 0, column = 0;
  while (bits_of(dropout, row, column) != dropout.threshold()) {
    column = (column + 1) % 256;
    row += column == 0;
  }
  for_each_row(dropout_rows(), [&](const DropoutRow& kernels) {
    std::vector<float> mask(256);
    kernels.multipliers(mask_of(dropout), row, 256, mask.data());
    CHECK(mask[static_cast<std::size_t>(column)] == dropout.scale());
  });
}

TEST_CASE("dropout keeps its share of elements and the mean of what it is given") {
  const std::int64_t n_rows = 512, n_columns = 512, n = n_rows * n_columns;
  for (const float probability : {0.1f, 0.5f, 0.9f}) {
    const Dropout dropout{.probability = probability, .seed = 5, .stream = 6};
    std::vector<float> y(static_cast<std::size_t>(n), 1);
    kernels::dropout(dropout, 0, n_rows, n_columns, y.data(), y.data());
    std::int64_t kept = 0;
    for (const float value : y) kept += value != 0;
    const double share = dropout.threshold() / 65536.0;
    const double sigma = std::sqrt(static_cast<double>(n) * share * (1 - share));
    CHECK(std::abs(static_cast<double>(kept) - static_cast<double>(n) * (1 - share)) < 4 * sigma);
    CHECK(dropout.scale() == doctest::Approx(1 / (1 - probability)).epsilon(1e-4));
    CHECK(*std::max_element(y.begin(), y.end()) == dropout.scale());
  }
}

TEST_CASE("rows, streams and seeds draw different masks, and any range of rows draws its own part") {
  const Dropout dropout{.probability = 0.5f, .seed = 5, .stream = 6};
  const auto mask = [](const Dropout& d, std::int64_t row) {
    std::vector<float> values(200);
    dropout_row(d, row, 200, values.data());
    return values;
  };
  const std::vector<float> here = mask(dropout, 9);
  CHECK(!same_bits(here, mask(dropout, 10)));
  CHECK(!same_bits(here, mask({.probability = 0.5f, .seed = 5, .stream = 7}, 9)));
  CHECK(!same_bits(here, mask({.probability = 0.5f, .seed = 6, .stream = 6}, 9)));

  std::vector<float> all(10 * 200, 1), part(4 * 200, 1);
  kernels::dropout(dropout, 0, 10, 200, all.data(), all.data());
  kernels::dropout(dropout, 6, 4, 200, part.data(), part.data());
  CHECK(same_bits(std::span(all).subspan(6 * 200), part));
}

TEST_CASE("dropout of probability 0 changes nothing") {
  const std::vector<float> x = noise(300, 4);
  std::vector<float> y(300);
  kernels::dropout({}, 0, 3, 100, x.data(), y.data());
  CHECK(same_bits(x, y));
  dropout_row({}, 0, 100, y.data());
  CHECK(y[99] == 1);
}
