#include "hw/modules/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ingot::hw {

std::string excess(const Cost& cost, Target target) {
  const Budget& budget = info(target).budget;
  std::string text;
  const auto add = [&](const char* what, double needed, std::int64_t available) {
    if (budget.lut == 0 || needed <= static_cast<double>(available)) return;
    text += fmt::format("{}{} {:.0f} of {}", text.empty() ? "" : ", ", what, needed, available);
  };
  add("lut", cost.lut, budget.lut);
  add("ff", cost.ff, budget.ff);
  add("dsp", cost.dsp, budget.dsp);
  add("bram", cost.bram, budget.bram);
  return text;
}

double block_rams(double depth, double width, Target target) {
  double best = 1e18;
  for (const MemoryShape& s : memory_shapes(family(target)))
    best = std::min(best, std::ceil(depth / s.depth) * std::ceil(width / s.width));
  return best;
}

bool is_logic_table(std::int64_t words, int width, std::int64_t lanes, Target target) {
  const std::int64_t n_ports = lanes == 1 ? 1 : 2;  // of which a block RAM of ice40 has one
  const std::int64_t most_bits[kFamilies] = {1024 * n_ports, 4096, 8192};
  return words * width <= most_bits[static_cast<std::size_t>(family(target))];
}

}  // namespace ingot::hw
