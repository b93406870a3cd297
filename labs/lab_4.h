// What the rows of lab 4 and its report agree on.
#pragma once

#include <vector>

#include "engine/io/json.h"
#include "report/text_table.h"

namespace ingot::labs {

// A design whose times are compared with those of MASE's flow, in seconds.
struct TimedDesign {
  const char* name;  // of its row
  double reference_build, reference_wall;
};
inline constexpr TimedDesign kTimedDesigns[] = {{"relu", 24.0, 53.2}, {"rrelu-lab", 262.0, 290.4}};

// The row that simulates these designs again in turns, so that the best times of both come from the same minutes.
inline constexpr char kTimingRow[] = "timing";

// The simulations and the areas of the designs among the rows of a result.json; without empty tables. Throws Error for
// what the lab did not write.
std::vector<report::TextTable> tables_4(const engine::Json& rows);

}  // namespace ingot::labs
