#include "hw/modules/linear_parts.h"

#include <algorithm>

namespace ingot::hw {

int bias_width(const compress::Linear& linear) {
  int width = 1;
  for (const std::int64_t b : linear.bias) width = std::max(width, compress::signed_bits(b < 0 ? ~b : b));
  return width;
}

Shifts shifts_of(const Layer& node) {
  Shifts shifts{shift(node, 0), shift(node, 0)};
  for (std::int64_t j = 1; j < node.n_out(); ++j) {
    shifts.highest = std::max(shifts.highest, shift(node, j));
    shifts.lowest = std::min(shifts.lowest, shift(node, j));
  }
  return shifts;
}

void add_linear_parameters(Emission& emission, const Layer& node) {
  const compress::Linear& linear = *node.as<compress::Linear>();
  const auto [in, out] = node.parallelism();
  // Where channels differ, those of the coarsest.
  const int weight_frac = *std::min_element(linear.weight_frac_bits.begin(), linear.weight_frac_bits.end());
  add_argument(emission, "DATA_IN_0", node.input().width, node.input().frac_bits, {linear.k, 1}, {in, 1});
  add_argument(emission, "WEIGHT", linear.weight_width, weight_frac, {linear.k, linear.n}, {in, out});
  add_argument(emission, "BIAS", bias_width(linear), node.input().frac_bits + weight_frac, {linear.n, 1}, {out, 1});
  add_argument(emission, "DATA_OUT_0", node.output().width, node.output().frac_bits, {linear.n, 1}, {out, 1});
}

}  // namespace ingot::hw
