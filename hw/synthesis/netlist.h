// The netlist that synthesis leaves of a design, as a design to simulate in its place: what synth measures is what is
// simulated. Models of the cells come with Yosys; of those that it has only as black boxes, cells/ has models of ours.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hw/design.h"
#include "hw/synthesis/synthesize.h"

namespace ingot::hw {

struct Netlist {
  Design design;                        // with the channels of the design that it was made from
  Synthesis synthesis;                  // its cells, too
  std::vector<std::string> own_models;  // the kinds of its cells that a model of ours simulates
};

// Writes the netlist and the models into `folder`, which must stay for as long as the netlist is used. Throws where
// synthesize() does, and Failure naming a cell of which there is no model.
Netlist make_netlist(const Design& design, Target target, const SynthesisOptions& options,
                     const std::filesystem::path& folder);

// The models of ours, cells/NAME.v: for their tests.
struct CellModel {
  std::string name, text;
};
const std::vector<CellModel>& cell_models();

}  // namespace ingot::hw
