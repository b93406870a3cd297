// How a flat netlist's area is divided among the layers of the design. Synthesis flattens a design and optimises across
// its modules, so a cell belongs to none by itself. Signals keep their names, though, and instances of a layer are
// named after it (emit/top.cc): a cell counts for the layer whose signal it drives. One that drives signals without a
// name counts for the layer of most of those that read it, or else for that of most of those that it reads.
#pragma once

#include <string>
#include <vector>

#include "engine/io/json.h"
#include "hw/synthesis/area.h"

namespace ingot::hw {

struct LayerArea : Area {
  std::string layer;  // empty: no layer's, as what packing adds
};

// The area of each of the layers in the module `top` of a flat netlist that Yosys wrote with write_json. Where the
// layers have less than `whole`, the last entry has the rest.
std::vector<LayerArea> area_by_layer(const engine::Json& netlist, const std::string& top,
                                     const std::vector<std::string>& layers, const Area& whole);

}  // namespace ingot::hw
