// How a flat netlist's area is divided among the layers of the design: instances of a layer are named after it
// (emit/top.cc), and so are their signals.
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

// The layer that a signal is named after; empty if none.
std::string layer_named(std::string_view signal, const std::vector<std::string>& layers);

}  // namespace ingot::hw
