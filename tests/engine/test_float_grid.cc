#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/kernels/float_grid/float_grid.h"
#include "engine/kernels/float_grid/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
using namespace ingot::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

// The number at a place, from its fields.
double number_at(int m, int lowest_exponent, std::int64_t place) {
  const std::int64_t field = place >> m, k = place & ((std::int64_t{1} << m) - 1);
  if (field == 0) return std::ldexp(static_cast<double>(k), lowest_exponent - m);
  return std::ldexp(static_cast<double>((std::int64_t{1} << m) + k), lowest_exponent - m + static_cast<int>(field) - 1);
}

// Grids of every width of mantissa, near and beyond both ends of float32; of `places` numbers and three binades, or as
// many as float32 has.
std::vector<FloatGrid> grids(int most_mantissa_bits, std::int64_t places) {
  std::vector<FloatGrid> all;
  for (int m = 0; m <= most_mantissa_bits; ++m) {
    for (const int lowest : {m - 149, m - 148, -127, -126, -125, -9, -8, 0, 1, m + 103, m + 104, m + 105, 126, 127}) {
      if (lowest - m < -149 || lowest > 127) continue;
      const std::int64_t last_of_floats = (std::int64_t{129 - lowest} << m) - 1;
      all.push_back({m, lowest, number_at(m, lowest, std::min(places + (std::int64_t{3} << m), last_of_floats))});
    }
  }
  return all;
}

// Floats of all exponents, and the grid's own numbers and ties up to the 200th, each with its neighbours.
std::vector<float> hard_numbers(const FloatGrid& grid) {
  std::vector<float> x{0.0f, -0.0f, kInfinity, -kInfinity, kNan, -kNan, std::bit_cast<float>(0x7f80'0001u)};
  for (std::uint64_t bits = 0; bits <= 0xffff'ffffu; bits += 4'000'037)
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  for (std::int64_t place = 0; place < 200; ++place) {
    const double low = number_at(grid.mantissa_bits, grid.lowest_exponent, place),
                 high = number_at(grid.mantissa_bits, grid.lowest_exponent, place + 1);
    for (const double v : {low, (low + high) / 2}) {
      if (v > static_cast<double>(std::numeric_limits<float>::max())) continue;
      const auto tie = static_cast<float>(v);
      for (const float near : {tie, std::nextafter(tie, kInfinity), std::nextafter(tie, 0.0f)}) {
        x.push_back(near);
        x.push_back(-near);
      }
    }
  }
  return x;
}

// By looking for it among all numbers; of two as near, the one at the even place.
float nearest(const std::vector<double>& numbers, float x) {
  if (std::isnan(x)) return x;
  const double a = std::fabs(static_cast<double>(x));
  const auto above = std::lower_bound(numbers.begin(), numbers.end(), a);
  if (above == numbers.end()) return std::copysign(static_cast<float>(numbers.back()), x);
  auto place = above - numbers.begin();
  if (place > 0) {
    const double up = *above - a, down = a - numbers[static_cast<std::size_t>(place - 1)];
    if (down < up || (down == up && place % 2 == 1)) --place;
  }
  return std::copysign(static_cast<float>(numbers[static_cast<std::size_t>(place)]), x) + 0.0f;
}

}  // namespace

TEST_CASE("every instruction set finds the nearest number of a grid, of two as near the one at the even place") {
  for_each_row(float_grid_rows(), [](const FloatGridRow& row) {
    for (const FloatGrid& grid : grids(6, 250)) {
      std::vector<double> numbers;
      do numbers.push_back(number_at(grid.mantissa_bits, grid.lowest_exponent, std::ssize(numbers)));
      while (numbers.back() < grid.largest);
      const std::vector<float> x = hard_numbers(grid);
      std::vector<float> y(x.size());
      row.round_to_grids(1, std::ssize(x), &grid, x.data(), y.data());
      std::int64_t n_wrong = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const float right = nearest(numbers, x[i]);
        n_wrong += std::isnan(right) ? !std::isnan(y[i])
                                     : std::bit_cast<std::uint32_t>(y[i]) != std::bit_cast<std::uint32_t>(right);
      }
      INFO("mantissa bits ", grid.mantissa_bits, " lowest exponent ", grid.lowest_exponent, " largest ", grid.largest);
      CHECK(n_wrong == 0);
    }
  });
}

TEST_CASE("every instruction set rounds to a grid as the reference does, to the bit, in runs of every length") {
  const std::vector<FloatGrid> all = grids(23, 1000);
  for_each_row(float_grid_rows(), [&](const FloatGridRow& row) {
    for (std::size_t g = 0; g + 3 <= all.size(); ++g) {
      const std::vector<float> x = hard_numbers(all[g]);
      for (const std::int64_t length : {std::int64_t{1}, std::int64_t{16}, std::int64_t{33}, std::ssize(x) / 3}) {
        std::vector<float> right(static_cast<std::size_t>(3 * length)), y(x.begin(), x.begin() + 3 * length);
        kFloatGridReference.round_to_grids(3, length, &all[g], x.data(), right.data());
        row.round_to_grids(3, length, &all[g], y.data(), y.data());  // in place
        INFO("length ", length, " mantissa bits ", all[g].mantissa_bits, " lowest exponent ", all[g].lowest_exponent);
        CHECK(same_bits(y, right));
      }
    }
  });
}

TEST_CASE("every instruction set rounds runs of zeros and normal floats to grids whose lowest numbers are subnormal") {
  for_each_row(float_grid_rows(), [](const FloatGridRow& row) {
    for (const FloatGrid& grid : grids(22, 1000)) {
      if (grid.lowest_exponent >= -126) continue;
      std::vector<float> x = hard_numbers(grid);
      std::erase_if(x, [](float v) { return v != 0 && std::fabs(v) < std::numeric_limits<float>::min(); });
      std::vector<float> right(x.size()), y(x.size());
      kFloatGridReference.round_to_grids(1, std::ssize(x), &grid, x.data(), right.data());
      row.round_to_grids(1, std::ssize(x), &grid, x.data(), y.data());
      INFO("mantissa bits ", grid.mantissa_bits, " lowest exponent ", grid.lowest_exponent);
      CHECK(same_bits(y, right));
    }
  });
}

TEST_CASE("every instruction set finds the largest magnitude of a run of every length, and NaN wherever it stands") {
  for_each_row(float_grid_rows(), [](const FloatGridRow& row) {
    for (const std::int64_t length : kTailSizes) {
      std::vector<float> x = noise(3 * length, 1), largest(3);
      for (std::int64_t at = 0; at < length; ++at) {
        const std::size_t first = static_cast<std::size_t>(at), second = static_cast<std::size_t>(length + at),
                          third = static_cast<std::size_t>(2 * length + at);
        const float a = x[first], b = x[second], c = x[third];
        x[first] = -99.5f;
        x[second] = -kInfinity;
        x[third] = kNan;
        x[3 * static_cast<std::size_t>(length) - 1] = std::bit_cast<float>(0xffc0'0007u);  // the larger one
        row.largest_magnitudes(3, length, x.data(), largest.data());
        CHECK(largest[0] == 99.5f);
        CHECK(largest[1] == kInfinity);
        CHECK(std::bit_cast<std::uint32_t>(largest[2]) == 0x7fc0'0007u);
        x[first] = a, x[second] = b, x[third] = c;
      }
    }
  });
}
