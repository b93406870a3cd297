// Targets of files with texts and labels.
#pragma once

#include <string_view>

#include "data/source.h"

namespace ingot::fuzz {

// Reads a file of that name as `ingot train --data` does, with several options.
void read_table(std::string_view name, std::string_view bytes);

}  // namespace ingot::fuzz
