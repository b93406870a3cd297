// What hardware costs, estimated without synthesis: what all modules count with. Each module's own estimate is in its
// row (module.h).
#pragma once

#include <cstdint>
#include <string_view>

namespace ingot::hw {

enum class Target { ice40, ecp5, xilinx };  // as Yosys knows them; xilinx: 7 series
inline constexpr Target kTargets[] = {Target::ice40, Target::ecp5, Target::xilinx};
std::string_view name(Target target);
Target parse_target(std::string_view text);  // Error listing the names

struct Cost {
  double lut = 0, ff = 0, dsp = 0, bram = 0;  // counted as in synthesis/area.h
  std::int64_t cycles = 0;                    // from one vector to the next
};

// The fewest block RAMs that hold a memory of `depth` words of `width` bits, when all of them have one of the shapes
// that the family offers.
double block_rams(double depth, double width, Target target);

// True if the table of an activation becomes logic instead of block RAM, which Yosys 0.23 prefers for small tables. Two
// lanes share a memory. ROMs of Linear layers need no such rule: Image::is_small() decides.
bool is_logic_table(std::int64_t words, int width, std::int64_t lanes, Target target);

}  // namespace ingot::hw
