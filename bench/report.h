// A page about a run of the benches: bench.md, bench.json, and a roofline as roofline.svg and roofline.csv.
#pragma once

#include <filesystem>
#include <string>

#include "engine/io/json.h"

namespace ingot::bench {

// The arithmetic limit in FLOP/s and the bandwidths in bytes per second, for one and two threads.
engine::Json measure_roofs();

// `report` holds machine, load_after, roofs, targets, kernels, steps: the page about it.
std::string markdown(const engine::Json& report);

// Draws the figure of such a report into the folder.
void draw_roofline(const engine::Json& measured, const std::filesystem::path& folder);

}  // namespace ingot::bench
