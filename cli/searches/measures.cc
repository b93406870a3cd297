#include "cli/searches/measures.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "cli/searches/options.h"
#include "compress/footprint.h"
#include "engine/base/error.h"

namespace ingot::cli {

using engine::require;
using search::Direction;

std::vector<Measure> measures_of(const std::string& list, const std::vector<std::string>& known) {
  std::vector<Measure> measures;
  for (const std::string& name : items_of("--objectives", list)) {
    require(std::find(known.begin(), known.end(), name) != known.end(), "--objectives: must be of {}, got '{}'",
            fmt::join(known, ", "), name);
    measures.push_back({name, name == "accuracy" ? Direction::maximize : Direction::minimize});
  }
  require(measures[0].name == "accuracy", "--objectives: the first must be accuracy, got '{}'", measures[0].name);
  return measures;
}

std::vector<double> measured(const std::vector<Measure>& measures, double accuracy, CompressedModel& m) {
  std::vector<double> values;
  for (const Measure& measure : measures) {
    if (measure.name == "accuracy") values.push_back(accuracy);
    if (measure.name == "bits") values.push_back(compress::average_bits(m.model, m.compression));
    if (measure.name == "bytes")
      values.push_back(static_cast<double>(compress::footprint(m.model, m.compression).packed_bytes));
    if (measure.name == "parameters") {
      double n = 0;
      for (const engine::Parameter& p : m.model.parameters()) n += static_cast<double>(p.variable.value().size());
      values.push_back(n);
    }
  }
  return values;
}

}  // namespace ingot::cli
