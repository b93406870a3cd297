// What the rows of lab 5.2 and its report agree on.
#pragma once

#include <vector>

#include "engine/io/json.h"
#include "report/text_table.h"

namespace ingot::labs {

// Names of rows: the model, its core, the core's netlist, and what chips it is synthesised for.
inline constexpr char kChipModel[] = "model", kCore[] = "core", kNetlist[] = "netlist";
inline constexpr const char* kChips[] = {"ecp5-85", "artix-100t"};

// The core in simulation, its cycles and its areas, of the rows of a result.json that are done; without empty tables.
// Throws Error for what the lab did not write.
std::vector<report::TextTable> tables_5_2(const engine::Json& rows);

}  // namespace ingot::labs
