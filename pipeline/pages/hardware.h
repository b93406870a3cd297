// The figures of emitted RTL, for its panel (panel.h): markup of report/html.h, empty if there is nothing to show.
#pragma once

#include <string>
#include <vector>

#include "engine/io/json.h"
#include "hw/emit/manifest.h"
#include "pipeline/pages/run_folder.h"

namespace ingot::pipeline {

// What a recorded simulation (`ingot simulate --trace`) shows of the ports, and of the multipliers over time.
std::string simulation_figures(const RunFolder& folder, const hw::EmittedRtl& rtl);

// What each layer takes of a chip: by the last synthesis for each family in `syntheses`, the lines of synth.jsonl, or,
// if none says, by the cost model.
std::string area_figures(const RunFolder& folder, const hw::EmittedRtl& rtl,
                         const std::vector<engine::Json>& syntheses);

}  // namespace ingot::pipeline
