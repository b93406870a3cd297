// What hardware costs, estimated without synthesis: what all modules count with. Each module's own estimate is in its
// row (module.h).
#pragma once

#include <cstdint>
#include <string>

#include "hw/targets.h"

namespace ingot::hw {

struct Cost {
  double lut = 0, ff = 0, dsp = 0, bram = 0;  // counted as in synthesis/area.h
  std::int64_t cycles = 0;                    // from one vector to the next
};

// What of a cost the target's device has not: "dsp 300 of 240". Empty if it fits, and if the target has no bounds.
std::string excess(const Cost& cost, Target target);

// The fewest block RAMs that hold a memory of `depth` words of `width` bits, when all of them have one of the shapes
// that the family offers.
double block_rams(double depth, double width, Target target);

// True if the table of an activation becomes logic instead of block RAM, which Yosys 0.23 prefers for small tables. Two
// lanes share a memory. ROMs of Linear layers need no such rule: Image::is_small() decides.
bool is_logic_table(std::int64_t words, int width, std::int64_t lanes, Target target);

}  // namespace ingot::hw
