// Synthesises emitted RTL with Yosys, and for ice40 places it with nextpnr: how much of a chip it takes, and how fast
// it can run.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "hw/design.h"
#include "hw/emit/manifest.h"
#include "hw/modules/cost.h"
#include "hw/synthesis/area_by_layer.h"

namespace ingot::hw {

struct Synthesis : Area {
  Target target = Target::xilinx;
  engine::Json cells;                      // by type
  std::vector<LayerArea> layers;           // as area_by_layer() divides it, by Design::layers
  std::optional<std::int64_t> placed_lut;  // nextpnr-ice40's own count of `lut`
  std::optional<double> fmax_mhz;          // highest clock after placing and routing
  std::string no_fmax;                     // why there is no fmax_mhz although it was asked for
  double seconds = 0;
  std::string tool;  // version of Yosys
};

struct SynthesisOptions {
  bool place = false;  // ice40 only: place and route on an HX8K in package ct256
  bool dsp = true;  // use multipliers of the chip (ice40: of a UP5K), unless `place` asks for an HX8K, which has none
};

// `step` is called with a sentence before each step. Throws Error naming the Debian package of a missing program, or if
// `place` is asked for another target than ice40. Throws Failure if Yosys breaks off or its check finds a fault.
Synthesis synthesize(const EmittedRtl& rtl, Target target, const SynthesisOptions& options,
                     const std::function<void(const std::string&)>& step = {});

// The same for any design. Leaves the netlist in `folder`: as Verilog in kNetlistFile, and as net.json for placers.
inline constexpr const char kNetlistFile[] = "net.v";
Synthesis synthesize(const Design& design, Target target, const SynthesisOptions& options,
                     const std::filesystem::path& folder, const std::function<void(const std::string&)>& step = {});

engine::Json to_json(const Synthesis& synthesis);

}  // namespace ingot::hw
