// The subcommands of ingot search, one file each.
#pragma once

#include <CLI/CLI.hpp>

namespace ingot::cli {

void add_search_bench(CLI::App& search_command);
void add_search_mixed(CLI::App& search_command);
void add_search_nas(CLI::App& search_command);

}  // namespace ingot::cli
