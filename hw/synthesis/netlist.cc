#include "hw/synthesis/netlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

// A LUT: its inputs from the lowest, its output, the parameter that holds its contents.
struct Lut {
  std::string name;
  std::vector<std::string> inputs;
  std::string output, contents;
};

// A family's cells.
struct Library {
  std::string file, defines;     // as Yosys ships it, and what it must be told
  std::set<std::string> theirs;  // kinds of cells that it has models of
  std::set<std::string> ours;    // kinds that it has only as black boxes, with models in cells/
  std::vector<Lut> luts;         // kinds whose models are ours: see luts_text()
};

std::vector<std::string> numbered(int n) {
  std::vector<std::string> names;
  for (int i = 0; i < n; ++i) names.push_back(fmt::format("I{}", i));
  return names;
}

const Library& library(Target target) {
  static const Library kAll[kFamilies] = {
      {"/usr/share/yosys/ice40/cells_sim.v",
       "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n",  // of ports, which Verilog does not know
       {"SB_CARRY", "SB_DFF", "SB_DFFE", "SB_DFFSR", "SB_DFFSS", "SB_DFFESR", "SB_DFFESS", "SB_RAM40_4K", "SB_MAC16",
        "SB_SPRAM256KA"},
       {},
       {{"SB_LUT4", numbered(4), "O", "LUT_INIT"}}},
      {"/usr/share/yosys/ecp5/cells_sim.v",
       "`define NO_INCLUDES\n",  // of cells for designers, which synthesis maps to these
       {"PFUMX", "L6MUX21", "CCU2C", "TRELLIS_FF", "TRELLIS_DPR16X4"},
       {"MULT18X18D", "DP16KD"},
       {{"LUT4", {"A", "B", "C", "D"}, "Z", "INIT"}, {"LUT2", {"A", "B"}, "Z", "INIT"}}},  // LUT2: in CCU2C
      {"/usr/share/yosys/xilinx/cells_sim.v",
       "",
       {"BUFG", "IBUF", "OBUF", "INV", "MUXF7", "MUXF8", "CARRY4", "FDRE", "FDSE", "RAM32M", "RAM64M", "SRL16E",
        "SRLC32E", "DSP48E1", "RAM32X1D", "RAM64X1D", "RAM128X1D"},
       {"RAMB18E1", "RAMB36E1"},
       {{"LUT1", numbered(1), "O", "INIT"},
        {"LUT2", numbered(2), "O", "INIT"},
        {"LUT3", numbered(3), "O", "INIT"},
        {"LUT4", numbered(4), "O", "INIT"},
        {"LUT5", numbered(5), "O", "INIT"},
        {"LUT6", numbered(6), "O", "INIT"}}},
  };
  return kAll[static_cast<std::size_t>(family(target))];
}

constexpr const char kLibraryFile[] = "cells_sim.v", kLutFile[] = "luts.v";

// A LUT is a bit of a constant. Yosys' models choose it by ?:, input after input; Verilator makes branches of them that
// nothing predicts, and the netlist of an encoder core took seven times as long.
std::string luts_text(const std::vector<Lut>& luts) {
  std::string text = "`default_nettype none\n";
  for (const Lut& lut : luts) {
    const std::vector<std::string> from_highest(lut.inputs.rbegin(), lut.inputs.rend());
    text += fmt::format(
        "module {} (input wire {}, output wire {});\n  parameter [{}:0] {} = 0;\n  assign {} = "
        "{}[{{{}}}];\nendmodule\n",
        lut.name, fmt::join(lut.inputs, ", "), lut.output, (1 << lut.inputs.size()) - 1, lut.contents, lut.output,
        lut.contents, fmt::join(from_highest, ", "));
  }
  return text + "`default_nettype wire\n";
}

}  // namespace

Netlist make_netlist(const Design& design, Target target, const SynthesisOptions& options, const fs::path& folder) {
  const Library& known = library(target);
  Netlist netlist{.synthesis = synthesize(design, target, options, folder)};
  netlist.design = {.top = design.top,
                    .folder = folder,
                    .sources = {kNetlistFile, kLutFile},
                    .libraries = {kLibraryFile},
                    .channels = design.channels};
  engine::write_file(folder / kLutFile, luts_text(known.luts));
  for (const auto& [cell, n] : netlist.synthesis.cells.items()) {
    const bool is_lut =
        std::any_of(known.luts.begin(), known.luts.end(), [&, &cell = cell](const Lut& l) { return l.name == cell; });
    if (is_lut || known.ours.contains(cell))
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
