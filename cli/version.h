// What this binary is and what it runs on.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace ingot::cli {

nlohmann::json build_description();  // version, compiler, instruction set in use and detected, threads
std::string version_text();          // the same for --version

}  // namespace ingot::cli
