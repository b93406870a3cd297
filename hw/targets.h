// The chips that hardware is made for: one table that the cost model, emission, simulation of netlists, synthesis and
// placing read. A target is a family, whose cells Yosys maps to, or one device of a family, which has bounds and can be
// placed. To add one: a line in the enumeration and a row in targets.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::hw {

enum class Target { ice40, ecp5, xilinx, artix_100t, ecp5_85, up5k, generic };

// What Yosys synthesises for. `generic`: Verilog for any tool, of which nothing is known here.
enum class Family { ice40, ecp5, xilinx, generic };
inline constexpr std::size_t kFamilies = 3;  // that have cells

// What a device has, counted as in synthesis/area.h.
struct Budget {
  std::int64_t lut = 0, ff = 0, dsp = 0, bram = 0;
  std::int64_t bram_bits = 0;  // of a block RAM
  std::int64_t spram = 0;      // single-port RAMs of 256 kbit; they cannot be initialised
  std::int64_t pins = 0;       // of the package, if they are too few for the streams of a core; else 0
};

// A way in which a block RAM is cut into words.
struct MemoryShape {
  double depth, width;
};

enum class Placer { none, nextpnr_ice40, nextpnr_ecp5 };

struct TargetInfo {
  Target target;
  std::string_view name;  // as in --target
  Family family;
  std::string_view device;  // what it is, or what a family is placed on, for people; empty if it is not placed
  Budget budget;            // all 0 if the target is a family
  Placer placer;
  std::vector<std::string> placer_arguments;  // device, package, speed, and to route by timing
};

std::span<const TargetInfo> targets();
const TargetInfo& info(Target target);
std::string_view name(Target target);
Target parse_target(std::string_view text);  // Error listing the names
std::string target_names(std::string_view separator = "|");

Family family(Target target);
std::span<const MemoryShape> memory_shapes(Family family);

// The factors of a multiplier of the family in bits, both signed: the wide side and the other; 0 where it has none.
struct MultiplierSides {
  int wide = 0, narrow = 0;
};
MultiplierSides multiplier_sides(Family family);

// True if products are built of the chip's multipliers. Parts of ice40 have none, but for the UP5K.
bool has_multipliers(Target target);

// One target a family: whose cells differ, and whose costs.
inline constexpr Target kTargets[] = {Target::ice40, Target::ecp5, Target::xilinx};

}  // namespace ingot::hw
