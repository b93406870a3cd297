// ingot search bench --table: samplers and pruners on what a search has measured.
#pragma once

#include "pipeline/searches/bench.h"

namespace ingot::pipeline {

// Every sampler with every pruner, options.seeds times, each with the steps of options.trials whole trials. Throws
// Error as TrialTable does.
void compare_on_table(const BenchOptions& options, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline
