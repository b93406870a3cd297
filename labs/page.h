// A lab on a page of `ingot report`.
#pragma once

#include <span>
#include <string>

#include "pipeline/pages/run_folder.h"

namespace ingot::labs {

// For each folder of a lab: its figure, accuracy against bytes, and its rows. A panel (pipeline/pages/panel.h).
std::string lab_markup(std::span<const pipeline::RunFolder> folders);

}  // namespace ingot::labs
