// Accuracy against a cost: every trial of a search, in bits beside models with one width everywhere and the float
// model.
#pragma once

#include <map>
#include <string>

#include "labs/row_result.h"
#include "report/chart.h"

namespace ingot::labs {

// Names of the rows that are drawn: searches for bits, logic and bytes, and models with one width, this and the bits.
inline constexpr const char* kFrontRow = "front";
inline constexpr const char* kHardwareRow = "front-hardware";
inline constexpr const char* kIntegersRow = "front-integers";
inline constexpr const char* kUniformRow = "uniform-";

// [[bits, accuracy]] of the trials of a search for accuracy and bits, as its result.json has them.
engine::Json trial_points(const engine::Json& result);

// Charts by the name of their file. Accuracies are those of validation texts, by which a search chooses. The front goes
// through whatever no other point beats in both; all other trials are drawn too, of several searches every one. Without
// such searches there are none.
//   front            bits, uniform widths and the float model too: of the search kFrontRow
//   front-hardware   logic: of kHardwareRow
//   front-integers   bytes: of kIntegersRow
//   front-bytes      bytes, of all searches whose trials say them, if there are several
std::map<std::string, report::Chart> front_charts(const Results& results);

}  // namespace ingot::labs
