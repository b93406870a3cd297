#include "search/samplers/log_sum_exp.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace ingot::search {
namespace {

// e^x for x <= 0 within 2 ulp; below -708 it stays e^-708, which is nothing beside a 1. Written so that the compiler
// makes vectors of it, of any width to the same bits: e^x = 2^n e^r with n = round(x / ln 2) and the Taylor polynomial
// of degree 12 for e^r, |r| <= ln 2 / 2, whose remainder is below 2e-16.
inline double exp_of_negative(double x) {
  constexpr double kRound = 0x1.8p52;  // adding it leaves round(x) in the low bits
  x = x < -708 ? -708 : x;
  const double shifted = x * 1.4426950408889634 + kRound;
  const double n = shifted - kRound;
  const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double p = 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  return p * std::bit_cast<double>((std::bit_cast<std::uint64_t>(shifted) << 52) + std::bit_cast<std::uint64_t>(1.0));
}

}  // namespace

void LogSumExp::add(std::span<const double> logarithms) {
  constexpr double kNothing = 60;  // e^-60 of a sum is beyond the last bit of the sum, a million times over
  if (logarithms.empty()) return;
  double highest = logarithms[0];
  for (const double x : logarithms) highest = highest < x ? x : highest;
  if (highest < highest_ - kNothing) return;
  if (highest > highest_) {
    sum_ *= std::exp(highest_ - highest);
    highest_ = highest;
  }
  double sums[4] = {};  // fixed order of summation, in lanes
  std::size_t i = 0;
  for (; i + 4 <= logarithms.size(); i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += exp_of_negative(logarithms[i + lane] - highest_);
  }
  for (; i < logarithms.size(); ++i) sums[0] += exp_of_negative(logarithms[i] - highest_);
  sum_ += (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

double LogSumExp::value() const { return highest_ + std::log(sum_); }

}  // namespace ingot::search
