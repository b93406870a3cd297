// What the files of hw/package/ say of a graph's module, and the vectors that its testbench sends.
#pragma once

#include <optional>
#include <string>

#include "hw/emit/top.h"
#include "hw/package/package.h"

namespace ingot::hw {

// The first of `vectors`, or else random ones with the outputs that GraphRunner gives; fewer for slow hardware, so that
// interpreting simulators are done in seconds. The same arguments give the same description.
PackageInfo description(const Graph& graph, const Verilog& verilog, const std::string& name,
                        const std::optional<Vectors>& vectors);

}  // namespace ingot::hw
