#include "compress/formats/float_grid.h"

#include <algorithm>
#include <cmath>

namespace ingot::compress {
namespace {

constexpr std::uint64_t kExponentField = 0x7ff0'0000'0000'0000u;

// In double a float32 is normal whatever its exponent, and the sum below rounds once: a + C, where C = 2^52 steps, has
// the step as its last bit, so that the processor rounds a to a multiple of it, ties to even.
void round_with_mantissa(const FloatGrid& grid, std::int64_t n, const float* x, float* y) {
  const double largest = grid.largest, lowest_normal = exp2_of(grid.lowest_exponent);
  const std::uint64_t to_steps = static_cast<std::uint64_t>(52 - grid.mantissa_bits) << 52;
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = x[i], magnitude = std::fabs(v);
    const double a = magnitude > largest ? largest : magnitude;  // a NaN goes on
    const double binade = a > lowest_normal ? a : lowest_normal;
    const double c = std::bit_cast<double>((std::bit_cast<std::uint64_t>(binade) & kExponentField) + to_steps);
    y[i] = static_cast<float>(std::copysign((a + c) - c, v) + 0.0);
  }
}

// Without mantissa bits the numbers are powers of two, and what is rounded to even is the place of the exponent:
// E - lowest_exponent + 1, which is even with E + 1023 if lowest_exponent is even.
void round_to_powers(const FloatGrid& grid, std::int64_t n, const float* x, float* y) {
  const double largest = grid.largest, smallest = exp2_of(grid.lowest_exponent), half = 0.5 * smallest;
  const std::uint64_t flip = static_cast<std::uint64_t>(grid.lowest_exponent & 1);
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = x[i], magnitude = std::fabs(v);
    const double a = magnitude > largest ? largest : magnitude;
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(a), odd = ((bits >> 52) & 1) ^ flip;
    const double power = std::bit_cast<double>((bits + ((std::uint64_t{1} << 51) - 1) + odd) & kExponentField);
    const double r = a > half ? (power > smallest ? power : smallest) : 0.0;
    y[i] = static_cast<float>((a == a ? std::copysign(r, v) : a) + 0.0);
  }
}

}  // namespace

void round_to_grid(const FloatGrid& grid, std::int64_t n, const float* x, float* y) {
  if (grid.mantissa_bits == 0) return round_to_powers(grid, n, x, y);
  round_with_mantissa(grid, n, x, y);
}

int top_exponent(double maximum, int mantissa_bits) {
  const int exponent = exponent_of(maximum);
  // Half a step below 2^(E+1) or nearer: rounds to it, of a tie as well.
  const double bound = (2.0 - 0.5 * exp2_of(-mantissa_bits)) * exp2_of(exponent);
  return maximum >= bound ? exponent + 1 : exponent;
}

double magnitude_at(const FloatGrid& grid, std::int64_t place) {
  const std::int64_t field = place >> grid.mantissa_bits, k = place & ((std::int64_t{1} << grid.mantissa_bits) - 1);
  const double fraction = static_cast<double>(k) * exp2_of(-grid.mantissa_bits) + (field > 0 ? 1.0 : 0.0);
  return fraction * exp2_of(grid.lowest_exponent + static_cast<int>(std::max<std::int64_t>(field, 1)) - 1);
}

std::vector<float> magnitudes(const FloatGrid& grid) {
  std::vector<float> all;
  for (std::int64_t place = 0; magnitude_at(grid, place) <= grid.largest; ++place)
    all.push_back(static_cast<float>(magnitude_at(grid, place)));
  return all;
}

std::int64_t place(const FloatGrid& grid, double magnitude) {
  const double normal = exp2_of(grid.lowest_exponent);
  const int exponent = magnitude < normal ? grid.lowest_exponent : exponent_of(magnitude);
  const auto steps = static_cast<std::int64_t>(magnitude * exp2_of(grid.mantissa_bits - exponent));
  return steps + (static_cast<std::int64_t>(exponent - grid.lowest_exponent) << grid.mantissa_bits);
}

std::vector<float> mirrored(const std::vector<float>& magnitudes) {
  std::vector<float> all;
  for (auto m = magnitudes.rbegin(); m != magnitudes.rend() && *m > 0; ++m) all.push_back(-*m);
  all.insert(all.end(), magnitudes.begin(), magnitudes.end());
  return all;
}

}  // namespace ingot::compress
