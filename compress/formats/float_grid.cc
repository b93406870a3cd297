#include "compress/formats/float_grid.h"

#include <algorithm>

namespace ingot::compress {

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
