// The slopes that RReLU draws: what makes the uniform ones better than the lab's.
#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <vector>

#include "compress/integer/ops/random_slopes.h"

namespace ingot::test {
namespace {

constexpr double kMean = (1.0 / 8 + 1.0 / 3) / 2, kSpread = 1.0 / 3 - 1.0 / 8;

double mean(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

// Pearson's r of a[i] and b[i + lag].
double correlation(const std::vector<double>& a, const std::vector<double>& b, std::size_t lag) {
  const double ma = mean(a), mb = mean(b);
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i + lag < a.size(); ++i) {
    ab += (a[i] - ma) * (b[i + lag] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i + lag] - mb) * (b[i + lag] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

template <class Slopes>
std::vector<double> drawn(Slopes slopes, std::size_t lane, int n) {
  std::vector<double> all;
  for (int i = 0; i < n; ++i) {
    all.push_back(std::ldexp(slopes.slope(lane), -Slopes::kFracBits));
    slopes.step();
  }
  return all;
}

TEST_CASE("The lab's slopes are as few, as small and as correlated as published") {
  const std::vector<double> slopes = drawn(compress::LabSlopes(0xAC), 0, 255);
  CHECK(slopes[0] == 17.0 / 64);
  CHECK(slopes[1] == 15.0 / 64);
  CHECK(std::set<double>(slopes.begin(), slopes.end()).size() == 13);
  CHECK(mean(slopes) == doctest::Approx(0.2132).epsilon(0.001));
  CHECK(correlation(slopes, slopes, 1) == doctest::Approx(0.48).epsilon(0.05));
}

TEST_CASE("Uniform slopes fill [1/8, 1/3] evenly, without correlation in time or between lanes") {
  constexpr int kDraws = 1 << 16;
  const double sigma = 1 / std::sqrt(static_cast<double>(kDraws));  // of a correlation of independent draws
  const compress::UniformSlopes generator(172, 8);
  std::vector<std::vector<double>> lanes;
  for (std::size_t lane = 0; lane < 8; ++lane) lanes.push_back(drawn(generator, lane, kDraws));
  for (std::size_t a = 0; a < lanes.size(); ++a) {
    CAPTURE(a);
    const std::set<double> values(lanes[a].begin(), lanes[a].end());
    CHECK(values.size() == 256);
    CHECK(*values.begin() >= 1.0 / 8);
    CHECK(*values.rbegin() <= 1.0 / 3);
    CHECK(std::abs(mean(lanes[a]) - kMean) < 0.001 * kMean + 4 * sigma * kSpread / std::sqrt(12.0));
    for (const std::size_t lag : {1, 2, 3}) CHECK(std::abs(correlation(lanes[a], lanes[a], lag)) < 5 * sigma);
    for (std::size_t b = 0; b < a; ++b) CHECK(std::abs(correlation(lanes[a], lanes[b], 0)) < 5 * sigma);
  }
}

}  // namespace
}  // namespace ingot::test
