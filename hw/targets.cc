#include "hw/targets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/error.h"

namespace ingot::hw {
namespace {

// In the order of the enumeration. Budgets: HX8K and UP5K by nextpnr-ice40's report, LFE5U-85F by nextpnr-ecp5's, Artix
// by its data sheet (DS180), where a RAMB36 counts as two RAMB18. ecp5 and xilinx stand for their families and have
// none; ecp5 is placed on the largest part, with a way of routing for the clock that gains a little on a layer and does
// not end on a whole model.
const std::vector<TargetInfo>& table() {
  static const std::vector<TargetInfo> kAll = {
      {Target::ice40,
       "ice40",
       Family::ice40,
       "HX8K in CT256",
       {.lut = 7680, .ff = 7680, .dsp = 0, .bram = 32, .bram_bits = 4096},
       Placer::nextpnr_ice40,
       {"--hx8k", "--package", "ct256"}},
      {Target::ecp5,
       "ecp5",
       Family::ecp5,
       "LFE5U-85F in CABGA381, speed 6",
       {},
       Placer::nextpnr_ecp5,
       {"--85k", "--package", "CABGA381", "--speed", "6", "--tmg-ripup"}},
      {Target::xilinx, "xilinx", Family::xilinx, "", {}, Placer::none, {}},
      {Target::artix_100t,
       "artix-100t",
       Family::xilinx,
       "XC7A100T",
       {.lut = 63400, .ff = 126800, .dsp = 240, .bram = 270, .bram_bits = 18432},
       Placer::none,
       {}},
      {Target::ecp5_85,
       "ecp5-85",
       Family::ecp5,
       "LFE5U-85F in CABGA381, speed 6",
       {.lut = 83640, .ff = 83640, .dsp = 156, .bram = 208, .bram_bits = 18432},
       Placer::nextpnr_ecp5,
       {"--85k", "--package", "CABGA381", "--speed", "6"}},
      {Target::up5k,
       "up5k",
       Family::ice40,
       "UP5K in SG48",
       {.lut = 5280, .ff = 5280, .dsp = 8, .bram = 30, .bram_bits = 4096, .spram = 4, .pins = 39},
       Placer::nextpnr_ice40,
       {"--up5k", "--package", "sg48"}},
      {Target::generic, "generic", Family::generic, "", {}, Placer::none, {}},
  };
  return kAll;
}

}  // namespace

std::span<const TargetInfo> targets() { return table(); }

const TargetInfo& info(Target target) { return table()[static_cast<std::size_t>(target)]; }

std::string_view name(Target target) { return info(target).name; }

Family family(Target target) { return info(target).family; }

std::string target_names(std::string_view separator) {
  std::vector<std::string_view> names;
  for (const TargetInfo& row : table()) names.push_back(row.name);
  return fmt::format("{}", fmt::join(names, separator));
}

Target parse_target(std::string_view text) {
  for (const TargetInfo& row : table()) {
    if (row.name == text) return row.target;
  }
  engine::fail("target: must be one of {}, got '{}'", target_names(", "), text);
}

std::span<const MemoryShape> memory_shapes(Family family) {
  static constexpr MemoryShape kIce40[] = {{256, 16}, {512, 8}, {1024, 4}, {2048, 2}};
  static constexpr MemoryShape kOf18Kbit[] = {{512, 36}, {1024, 18}, {2048, 9}, {4096, 4}, {8192, 2}, {16384, 1}};
  return family == Family::ice40 ? std::span<const MemoryShape>(kIce40) : kOf18Kbit;
}

MultiplierSides multiplier_sides(Family family) {
  switch (family) {
    case Family::xilinx:
      return {25, 18};  // DSP48E1
    case Family::ecp5:
      return {18, 18};  // MULT18X18D
    case Family::ice40:
      return {16, 16};  // SB_MAC16, of the UP5K
    case Family::generic:
      break;
  }
  return {};
}

bool has_multipliers(Target target) { return family(target) != Family::ice40 || info(target).budget.dsp > 0; }

}  // namespace ingot::hw
