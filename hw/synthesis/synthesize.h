// Emitted RTL through Yosys, and nextpnr for ice40: what it takes of a chip and how fast it can run.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/io/json.h"
#include "hw/design.h"
#include "hw/emit/manifest.h"
#include "hw/passes/cost.h"
#include "hw/synthesis/area.h"

namespace ingot::hw {

struct Synthesis : Area {
  Target target = Target::xilinx;
  engine::Json cells;                      // by type
  std::optional<std::int64_t> placed_lut;  // what nextpnr-ice40 counted in the place of `lut`
  std::optional<double> fmax_mhz;          // placed and routed
  std::string no_fmax;                     // why there is none although it was asked for
  double seconds = 0;
  std::string tool;  // version of Yosys
};

struct SynthesisOptions {
  bool place = false;  // ice40: on an HX8K in package ct256
  bool dsp = true;     // multipliers where the family has some; ice40 (UP5K) only if asked for
};

// `step` is told what is going on. Throws Error naming the Debian package of a missing program, Failure if Yosys breaks
// off or finds fault with the design (its check must be clean).
Synthesis synthesize(const EmittedRtl& rtl, Target target, const SynthesisOptions& options,
                     const std::function<void(const std::string&)>& step = {});

// The same, which leaves the netlist in a folder: kNetlistFile, and net.json for placers.
inline constexpr const char kNetlistFile[] = "net.v";
Synthesis synthesize(const Design& design, Target target, const SynthesisOptions& options,
                     const std::filesystem::path& folder, const std::function<void(const std::string&)>& step = {});

engine::Json to_json(const Synthesis& synthesis);

}  // namespace ingot::hw
