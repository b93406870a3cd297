// Accuracy against bits: every trial of a search beside models with one width everywhere and the float model.
#pragma once

#include <optional>

#include "labs/row_result.h"
#include "report/chart.h"

namespace ingot::labs {

// Names of the rows that it draws: the search, and models with one width, this and the bits.
inline constexpr const char* kFrontRow = "front";
inline constexpr const char* kUniformRow = "uniform-";

// [[bits, accuracy]] of the trials of a search for accuracy and bits, as its result.json has them.
engine::Json trial_points(const engine::Json& result);

// Accuracies are those of validation texts, by which the search chooses. The front goes through whatever no other point
// beats in both: trials, uniform widths, the float model; all other trials are drawn too. Nothing without the search.
std::optional<report::Chart> front_chart(const Results& results);

}  // namespace ingot::labs
