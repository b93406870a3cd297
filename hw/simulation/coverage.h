// What Verilator counted.
#pragma once

#include <string>

#include "hw/simulation/simulation.h"

namespace ingot::hw {

// From the text of a coverage file of --coverage-line. Throws Error if it is none.
Coverage read_coverage(const std::string& text);

}  // namespace ingot::hw
