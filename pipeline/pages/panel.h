// What a page can show of folders of runs: a panel is a file here, or in labs/, and a row where pages are made.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/pages/run_folder.h"

namespace ingot::pipeline {

struct Panel {
  std::string title;
  // Markup of report/html.h; empty if these folders have nothing to show here.
  std::function<std::string(std::span<const RunFolder> folders)> markup;
};

std::string results_markup(std::span<const RunFolder> folders);     // what each came to
std::string curves_markup(std::span<const RunFolder> folders);      // metrics of training, runs over each other
std::string classes_markup(std::span<const RunFolder> folders);     // scores of classes, confusion
std::string search_markup(std::span<const RunFolder> folders);      // trials, front, importances
std::string hardware_markup(std::span<const RunFolder> folders);    // blocks, area, simulation of RTL
std::string provenance_markup(std::span<const RunFolder> folders);  // options, seeds, versions, machine

// The page of all panels that have something to show, in their order.
std::string page_of(std::span<const RunFolder> folders, std::span<const Panel> panels, int reload_seconds = 0);

}  // namespace ingot::pipeline
