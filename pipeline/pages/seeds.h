// Runs that are repetitions of each other, with other seeds: what a page shows the mean of.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "pipeline/pages/run_folder.h"

namespace ingot::pipeline {

// Folders that differ in their seed alone, as their places in `folders`; each folder is in one list, most alone.
// Options that say where a run goes or how it is shown do not count. Labs belong together if lab, data and recipe are
// the same: each begins with a model of its own seed.
using SeedGroup = std::vector<std::size_t>;
std::vector<SeedGroup> seed_groups(std::span<const RunFolder> folders);

// "runs/a-*: mean of 3 seeds".
std::string mean_name(std::span<const RunFolder> folders, const SeedGroup& group);

}  // namespace ingot::pipeline
