// Metrics of runs as charts, runs over each other: for pages and terminals.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "pipeline/pages/run_folder.h"
#include "report/chart.h"

namespace ingot::pipeline {

// Names of what the lines of metrics.jsonl hold, the usual ones first.
std::vector<std::string> metric_names(std::span<const RunFolder> folders);

// The training loss, and the measure by which the first of the folders that has one chose its best model.
std::vector<std::string> chief_metric_names(std::span<const RunFolder> folders);

// One metric over steps: a series a folder, in their order; without points where a run does not have it. Each has at
// most about a thousand points; what is left out is said in the title.
report::Chart metric_chart(std::span<const RunFolder> folders, const std::string& name);

}  // namespace ingot::pipeline
