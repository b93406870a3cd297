#include "hw/synthesis/synthesize.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

#include "engine/base/child.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/temporary_folder.h"
#include "engine/io/json.h"
#include "hw/names.h"
#include "hw/tools.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

using engine::Json;

const Tool kYosys{"yosys", "yosys"}, kNextpnr{"nextpnr-ice40", "nextpnr-ice40"};

// The last lines of what a program said.
std::string ending(const std::string& text) {
  const std::size_t from = text.size() > 600 ? text.find('\n', text.size() - 600) : 0;
  return text.substr(from == std::string::npos ? text.size() - 600 : from);
}

std::string synthesis_command(Target target, const std::string& top, const SynthesisOptions& options) {
  switch (target) {
    case Target::xilinx:  // -nosrl: the shift registers that Yosys 0.23 extracts lose their clock enable
      return fmt::format("synth_xilinx -flatten -family xc7 -nosrl -top {}{}", top, options.dsp ? "" : " -nodsp");
    case Target::ecp5:
      return fmt::format("synth_ecp5 -top {}{}", top, options.dsp ? "" : " -nodsp");
    case Target::ice40:
      break;
  }
  return fmt::format("synth_ice40 -top {}{}", top, options.dsp && !options.place ? " -dsp" : "");
}

void place(Synthesis& s, const fs::path& scratch) {
  const ToolResult placed =
      try_tool(kNextpnr,
               {"--hx8k", "--package", "ct256", "--json", "net.json", "--freq", "100", "--seed", "1",
                "--timing-allow-fail", "--pcf-allow-unconstrained", "--report", "report.json", "--quiet"},
               scratch);
  if (placed.code != 0) {
    s.no_fmax = "nextpnr-ice40 could not place it on an HX8K: " + ending(placed.output);
    return;
  }
  const Json report = engine::parse_json(engine::read_file(scratch / "report.json"), "report.json");
  s.placed_lut = report.at("utilization").at("ICESTORM_LC").at("used").get<std::int64_t>();
  const Json clocks = report.value("fmax", Json::object());
  double slowest = 0;
  for (const auto& [clock, timing] : clocks.items()) {
    const double achieved = timing.at("achieved").get<double>();
    slowest = slowest == 0 ? achieved : std::min(slowest, achieved);
  }
  if (slowest > 0) s.fmax_mhz = slowest;
  if (slowest == 0) s.no_fmax = "nextpnr-ice40 found no path between registers";
}

}  // namespace

Synthesis synthesize(const EmittedRtl& rtl, Target target, const SynthesisOptions& options,
                     const std::function<void(const std::string&)>& step) {
  const engine::TemporaryFolder scratch;
  return synthesize(design_of(rtl), target, options, scratch.path(), step);
}

Synthesis synthesize(const Design& design, Target target, const SynthesisOptions& options, const fs::path& folder,
                     const std::function<void(const std::string&)>& step) {
  engine::require(!options.place || target == Target::ice40, "--report: places on ice40 only, got {}", name(target));
  if (options.place) engine::require_program(kNextpnr.program, kNextpnr.debian_package);
  engine::require_program(kYosys.program, kYosys.debian_package);
  engine::require(is_identifier(design.top), "{}: cannot be the name of a module", design.top);
  const std::vector<std::string> sources = copy_files(design.sources, design.folder, folder);
  copy_files(design.images, design.folder, folder);
  const auto start = std::chrono::steady_clock::now();
  if (step) step(fmt::format("yosys synthesises for {}", name(target)));
  // Of block RAM, what no address reads is undefined, which simulators would have to draw at random.
  run_tool(
      kYosys,
      {"-q", "-p",
       fmt::format("read_verilog -sv -defer {}; hierarchy -check -top {}; {}; check -assert; "
                   "tee -q -o stat.json stat -json; write_json net.json; "
                   "setundef -zero -params t:RAMB18E1 t:RAMB36E1; splitnets; write_verilog -noattr {}",
                   fmt::join(sources, " "), design.top, synthesis_command(target, design.top, options), kNetlistFile)},
      folder);
  const Json stat = engine::parse_json(engine::read_file(folder / "stat.json"), "stat.json");
  Synthesis s;
  s.target = target;
  s.cells = stat.at("design").at("num_cells_by_type");
  const Json netlist = engine::parse_json(engine::read_file(folder / "net.json"), "net.json");
  static_cast<Area&>(s) = area_of(netlist, design.top, target);
  if (!design.layers.empty()) s.layers = area_by_layer(netlist, design.top, design.layers, s);
  if (options.place) {
    if (step) step("nextpnr-ice40 places it on an HX8K");
    place(s, folder);
  }
  s.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  s.tool = stat.value("creator", "");
  return s;
}

Json to_json(const Synthesis& s) {
  Json object{{"target", name(s.target)}, {"lut", s.lut},     {"ff", s.ff},           {"dsp", s.dsp},  {"bram", s.bram},
              {"carry", s.carry},         {"cells", s.cells}, {"seconds", s.seconds}, {"tool", s.tool}};
  object["lut_logic"] = s.lut_logic;
  for (const LayerArea& part : s.layers)
    object["layers"].push_back(
        {{"layer", part.layer}, {"lut", part.lut}, {"ff", part.ff}, {"dsp", part.dsp}, {"bram", part.bram}});
  if (s.placed_lut) object["placed_lut"] = *s.placed_lut;
  if (s.fmax_mhz) object["fmax_mhz"] = *s.fmax_mhz;
  if (!s.no_fmax.empty()) object["no_fmax"] = s.no_fmax;
  return object;
}

}  // namespace ingot::hw
