// ingot lab N --seeds S: the same lab with several seeds, each in a folder of its own, and the means of its rows.
#pragma once

#include "labs/experiment.h"
#include "labs/lab.h"

namespace ingot::labs {

// Types `ingot lab N --seed K --out OUT/seed-K` for o.seeds seeds from run.seed on, and leaves a table and figures of
// the means of what is done. Several processes may share it, as they share each lab. Throws Error for options that have
// no means, and Failure in the end if a lab failed.
void run_seeds(const Lab& lab, const LabOptions& o, const pipeline::Run& run, const Terminal& terminal,
               const pipeline::Finish& finish);

}  // namespace ingot::labs
