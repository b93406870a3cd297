// A lab on a page of `ingot report`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pipeline/pages/run_folder.h"
#include "report/chart.h"

namespace ingot::labs {

struct LabFigure {
  std::string name;
  report::Chart chart;
};

// "figure", as the lab draws it, and "bytes", accuracy against the size of the model, by the result.json of a lab's
// folder; of several folders that differ in their seed (pipeline::seed_groups) the means. Empty if they are no lab's or
// no row is done. `left_out` gets a line for each thing that cannot be drawn.
std::vector<LabFigure> lab_figures(std::span<const pipeline::RunFolder> folders, std::string& left_out);

// For each lab: its figures and its rows. A panel (pipeline/pages/panel.h).
std::string lab_markup(std::span<const pipeline::RunFolder> folders);

}  // namespace ingot::labs
