// The sweep behind the cost model.
#pragma once

#include <filesystem>
#include <string>

#include "cli/command.h"

namespace ingot::cli {

// Synthesises n layers for the target, those that OUT/sweep.json lacks, and fits the cost model to all of them. `dsp`
// false: products are logic.
void run_sweep(const Command& command, const Common& common, std::int64_t n, const std::string& target, bool dsp,
               const std::filesystem::path& out);

}  // namespace ingot::cli
