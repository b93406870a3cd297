// ingot lab all: every lab, one after the other, each in a folder of its own.
#pragma once

#include <string_view>

#include "labs/experiment.h"

namespace ingot::labs {

inline constexpr std::string_view kAllLabs = "all";

// Types `ingot lab N` for each lab with the options that were given, and leaves a summary. A lab whose programs are not
// installed is left out, and one that fails leaves the others to go on. Throws Failure in the end if one failed.
void run_all_labs(const LabOptions& o, const pipeline::Run& run, const Terminal& terminal,
                  const pipeline::Finish& finish);

}  // namespace ingot::labs
