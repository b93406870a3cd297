#include "hw/passes/cost.h"

#include <algorithm>

#include "hw/modules/module.h"
#include "hw/passes/parallelism.h"

namespace ingot::hw {
namespace {

void add_area(Cost& sum, const Cost& one) {
  sum.lut += one.lut;
  sum.ff += one.ff;
  sum.dsp += one.dsp;
  sum.bram += one.bram;
}

}  // namespace

Cost cost(const std::vector<LinearShape>& layers, Target target, bool dsp) {
  Cost sum;
  for (const LinearShape& layer : layers) {
    const Cost one = cost(layer, target, dsp);
    add_area(sum, one);
    sum.cycles = std::max(sum.cycles, one.cycles);
  }
  return sum;
}

Cost cost(const Graph& graph, Target target, bool dsp) {
  Cost sum{.cycles = interval(graph)};
  for (const Layer& layer : layers(graph)) add_area(sum, module_for(layer).cost(layer, target, dsp));
  return sum;
}

}  // namespace ingot::hw
