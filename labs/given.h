// A lab that runs labs: the words it types for each.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "labs/experiment.h"
#include "labs/lab.h"

namespace ingot::labs {

// `lab N` with the options that were given, but for `dropped` and those of add_place.
std::vector<std::string> same_lab(const Lab& lab, const pipeline::Run& run,
                                  const std::vector<std::string_view>& dropped);

// Adds the folder to work in, threads and quiet.
void add_place(std::vector<std::string>& words, const std::filesystem::path& folder, const Terminal& terminal);

}  // namespace ingot::labs
