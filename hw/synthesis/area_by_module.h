// How a flat netlist's area is divided among the modules that the design was written in: flattening leaves the path of
// the instances in the names of their signals.
#pragma once

#include <string>
#include <vector>

#include "engine/io/json.h"
#include "hw/synthesis/area.h"

namespace ingot::hw {

// What all instances of a module take, without the modules in them.
struct ModuleArea : Area {
  std::string module;  // empty: no module's, as what packing adds and what stands in the top module itself
  int instances = 0;
};

// `hierarchy`: the modules before they are flattened, as Yosys writes them with write_json. The modules are in the
// order in which one finds them from the top.
std::vector<ModuleArea> area_by_module(const engine::Json& netlist, const engine::Json& hierarchy,
                                       const std::string& top, const Area& whole);

}  // namespace ingot::hw
