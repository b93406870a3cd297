#include "pipeline/searches/measures.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "compress/formats/fixed.h"
#include "compress/packed/footprint.h"
#include "engine/base/error.h"
#include "engine/base/named.h"
#include "hw/passes/cost.h"
#include "pipeline/searches/options.h"

namespace ingot::pipeline {

using engine::require;
using search::Direction;

std::vector<Measure> measures_of(const std::string& list, const std::vector<std::string>& known) {
  std::vector<Measure> measures;
  for (const std::string& name : items_of("--objectives", list)) {
    engine::row_named(known, name, "--objectives: must be of {}, got '{}'");
    measures.push_back({name, name == "accuracy" ? Direction::maximize : Direction::minimize});
  }
  require(measures[0].name == "accuracy", "--objectives: the first must be accuracy, got '{}'", measures[0].name);
  return measures;
}

namespace {

// Tables of logic of all Linear layers in fixed point on a chip without multipliers, which so counts everything in one
// unit: four inputs at a time, one output.
double logic_of(CompressedModel& m) {
  std::vector<hw::LinearShape> shapes;
  for (const auto& [name, linear] : m.model.linears()) {
    const compress::LayerCompression& layer = m.compression[name];
    const auto width = [&, &name = name](compress::Role role) {
      const auto fixed = layer[role] ? compress::as_fixed(layer[role]->format) : std::nullopt;
      require(fixed.has_value(), "--objectives hardware: needs fixed point, but the {} of {} is not",
              compress::name(role), name);
      return fixed->width;
    };
    const std::int64_t n = linear->weight.shape()[0], k = linear->weight.shape()[1];
    shapes.push_back({.n = n,
                      .k = k,
                      .input_width = width(compress::Role::input),
                      .weight_width = width(compress::Role::weight),
                      .output_width = width(compress::Role::input),
                      .parallelism = {.in = k % 4 == 0 ? 4 : 1, .out = 1}});
  }
  return hw::cost(shapes, hw::Target::ice40).lut;
}

}  // namespace

std::vector<double> measured(const std::vector<Measure>& measures, double accuracy, CompressedModel& m) {
  std::vector<double> values;
  for (const Measure& measure : measures) {
    if (measure.name == "accuracy") values.push_back(accuracy);
    if (measure.name == "bits") values.push_back(compress::average_bits(m.model, m.compression));
    if (measure.name == "bytes")
      values.push_back(static_cast<double>(compress::footprint(m.model, m.compression).packed_bytes));
    if (measure.name == "hardware") values.push_back(logic_of(m));
    if (measure.name == "parameters") {
      double n = 0;
      for (const engine::Parameter& p : m.model.parameters()) n += static_cast<double>(p.variable.value().size());
      values.push_back(n);
    }
  }
  return values;
}

}  // namespace ingot::pipeline
