// Reads the line coverage that Verilator wrote.
#pragma once

#include <string>

#include "hw/simulation/simulation.h"

namespace ingot::hw {

// `text` is a coverage file that a simulation built with --coverage-line wrote. Throws Error if it is not.
Coverage read_coverage(const std::string& text);

// Adds what another run of the same design reached: a line counts as missed if every run missed it.
void merge(const std::optional<Coverage>& more, std::optional<Coverage>& all);

}  // namespace ingot::hw
