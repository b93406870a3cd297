#include "hw/modules/cost.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/base/error.h"

namespace ingot::hw {

std::string_view name(Target target) {
  constexpr std::string_view kNames[] = {"ice40", "ecp5", "xilinx"};
  return kNames[static_cast<std::size_t>(target)];
}

Target parse_target(std::string_view text) {
  for (const Target target : kTargets) {
    if (name(target) == text) return target;
  }
  engine::fail("target: must be ice40, ecp5 or xilinx, got '{}'", text);
}

// The fewest block RAMs that hold a memory, when all of them have one of the shapes that the family offers.
double block_rams(double depth, double width, Target target) {
  struct Shape {
    double depth, width;
  };
  constexpr Shape kIce40[] = {{256, 16}, {512, 8}, {1024, 4}, {2048, 2}};
  constexpr Shape kEcp5[] = {{512, 36}, {1024, 18}, {2048, 9}, {4096, 4}, {8192, 2}, {16384, 1}};
  constexpr Shape kXilinx[] = {{512, 36}, {1024, 18}, {2048, 9}, {4096, 4}, {8192, 2}, {16384, 1}};
  const std::span<const Shape> shapes = target == Target::ice40  ? std::span<const Shape>(kIce40)
                                        : target == Target::ecp5 ? std::span<const Shape>(kEcp5)
                                                                 : std::span<const Shape>(kXilinx);
  double best = 1e18;
  for (const Shape& s : shapes) best = std::min(best, std::ceil(depth / s.depth) * std::ceil(width / s.width));
  return best;
}

bool is_logic_table(std::int64_t words, int width, std::int64_t lanes, Target target) {
  const std::int64_t n_ports = lanes == 1 ? 1 : 2;  // of which a block RAM of ice40 has one
  const std::int64_t most_bits[] = {1024 * n_ports, 4096, 8192};
  return words * width <= most_bits[static_cast<std::size_t>(target)];
}

}  // namespace ingot::hw
