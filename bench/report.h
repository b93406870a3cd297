// A page about a run of the benches: bench.md, bench.json, and a roofline as roofline.svg and roofline.png.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace ingot::bench {

// The arithmetic limit in FLOP/s and the bandwidths in bytes per second, for one and two threads.
nlohmann::json measure_roofs();

// `report` holds machine, load_after, roofs, targets, kernels and steps; the page and the figure say what is in it.
std::string markdown(const nlohmann::json& report);

// The figure, drawn by gnuplot. Throws Error if that is missing or fails.
void draw_roofline(const nlohmann::json& report, const std::filesystem::path& folder);

}  // namespace ingot::bench
