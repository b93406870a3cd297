#include "hw/synthesis/netlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

// A family's cells.
struct Library {
  std::string file, defines;     // as Yosys ships it, and what it must be told
  std::set<std::string> theirs;  // kinds of cells that it has models of
  std::set<std::string> ours;    // kinds that it has only as black boxes, with models in cells/
};

const Library& library(Target target) {
  static const Library kAll[kFamilies] = {
      {"/usr/share/yosys/ice40/cells_sim.v",
       "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n",  // of ports, which Verilog does not know
       {"SB_LUT4", "SB_CARRY", "SB_DFF", "SB_DFFE", "SB_DFFSR", "SB_DFFSS", "SB_DFFESR", "SB_DFFESS", "SB_RAM40_4K",
        "SB_MAC16", "SB_SPRAM256KA"},
       {}},
      {"/usr/share/yosys/ecp5/cells_sim.v",
       "`define NO_INCLUDES\n",  // of cells for designers, which synthesis maps to these
       {"LUT4", "PFUMX", "L6MUX21", "CCU2C", "TRELLIS_FF", "TRELLIS_DPR16X4"},
       {"MULT18X18D", "DP16KD"}},
      {"/usr/share/yosys/xilinx/cells_sim.v",
       "",
       {"BUFG",   "IBUF",   "OBUF",    "INV",     "LUT1",     "LUT2",     "LUT3",     "LUT4",
        "LUT5",   "LUT6",   "MUXF7",   "MUXF8",   "CARRY4",   "FDRE",     "FDSE",     "RAM32M",
        "RAM64M", "SRL16E", "SRLC32E", "DSP48E1", "RAM32X1D", "RAM64X1D", "RAM128X1D"},
       {"RAMB18E1", "RAMB36E1"}},
  };
  return kAll[static_cast<std::size_t>(family(target))];
}

constexpr const char kLibraryFile[] = "cells_sim.v";

}  // namespace

Netlist make_netlist(const Design& design, Target target, const SynthesisOptions& options, const fs::path& folder) {
  const Library& known = library(target);
  Netlist netlist{.design = {.top = design.top,
                             .folder = folder,
                             .sources = {kNetlistFile},
                             .libraries = {kLibraryFile},
                             .channels = design.channels},
                  .synthesis = synthesize(design, target, options, folder)};
  for (const auto& [cell, n] : netlist.synthesis.cells.items()) {
    if (known.ours.contains(cell))
      netlist.own_models.push_back(cell);
    else if (!known.theirs.contains(cell))
      throw engine::Failure(fmt::format("netlist: there is no model of the cell {} of {}", cell, name(target)));
  }
  // Before the library, which has black boxes of the same names.
  for (const CellModel& model : cell_models()) {
    const bool is_shared = model.name == "block_ram" && !known.ours.empty();
    if (!is_shared && !known.ours.contains(model.name)) continue;
    engine::write_file(folder / (model.name + ".v"), model.text);
    netlist.design.sources.push_back(model.name + ".v");
  }
  engine::write_file(folder / kLibraryFile, known.defines + engine::read_file(known.file));
  return netlist;
}

}  // namespace ingot::hw
