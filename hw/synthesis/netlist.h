// Turns the netlist of a synthesis into a design that can be simulated instead of the RTL, so that the hardware whose
// area is measured is also verified. Yosys comes with models of most cells. Those that it has only as black boxes have
// models of ours in cells/, and LUTs have some that are faster.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hw/design.h"
#include "hw/synthesis/synthesize.h"

namespace ingot::hw {

struct Netlist {
  Design design;                        // has the channels of the design that was synthesised
  Synthesis synthesis;                  // lists the cells, among other things
  std::vector<std::string> own_models;  // the kinds of cells that are simulated by models of ours
};

// Synthesises `design` and writes the netlist and the models into `folder`, which must outlive the Netlist. Throws
// where synthesize() does, and Failure naming a cell that has no model.
Netlist make_netlist(const Design& design, Target target, const SynthesisOptions& options,
                     const std::filesystem::path& folder);

// All models of ours, cells/NAME.v, embedded when the program was built.
struct CellModel {
  std::string name, text;
};
const std::vector<CellModel>& cell_models();

}  // namespace ingot::hw
