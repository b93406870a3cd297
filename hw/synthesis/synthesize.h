// Synthesises emitted RTL with Yosys, and places it with nextpnr: how much of a chip it takes, and how fast it can run.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "hw/design.h"
#include "hw/emit/manifest.h"
#include "hw/synthesis/area_by_layer.h"
#include "hw/synthesis/area_by_module.h"
#include "hw/synthesis/place.h"
#include "hw/targets.h"

namespace ingot::hw {

struct Synthesis : Area {
  Target target = Target::xilinx;
  engine::Json cells;                  // by type
  std::vector<LayerArea> layers;       // as area_by_layer() divides it, by Design::layers
  std::vector<ModuleArea> modules;     // as area_by_module() divides it
  std::optional<Placement> placement;  // if it was asked for
  double seconds = 0;
  std::string tool;  // version of Yosys
};

struct SynthesisOptions {
  std::optional<PlacementOptions> place{};  // place and route, too
  bool dsp = true;                          // use multipliers of the chip, if it has some
};

// Of a core with memories outside the top module alone, without them. `step` is called with a sentence before each
// step. Throws Error naming what installs a missing program, if the target is no chip, and if it is to be placed and no
// program does that for the target. Throws Failure if Yosys breaks off or its check finds a fault.
Synthesis synthesize(const EmittedRtl& rtl, Target target, const SynthesisOptions& options,
                     const std::function<void(const std::string&)>& step = {});

// The same for any design. Leaves the netlist in `folder`: as Verilog in kNetlistFile, and as net.json for placers.
inline constexpr const char kNetlistFile[] = "net.v";
Synthesis synthesize(const Design& design, Target target, const SynthesisOptions& options,
                     const std::filesystem::path& folder, const std::function<void(const std::string&)>& step = {});

engine::Json to_json(const Synthesis& synthesis);

// What nextpnr counts of what Area::lut counts; empty where it was not placed.
std::optional<std::int64_t> placed_luts(const Synthesis& synthesis);

}  // namespace ingot::hw
