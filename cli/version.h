// What this binary is and what it runs on.
#pragma once

#include <string>

#include "engine/io/json.h"

namespace ingot::cli {

engine::Json build_description();  // version, compiler, instruction set in use and detected, threads
std::string version_text();        // the same for --version

}  // namespace ingot::cli
