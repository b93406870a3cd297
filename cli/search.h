// The subcommands of ingot search, one file each.
#pragma once

namespace ingot::cli {

class Command;

void add_search_bench(Command& search_command);
void add_search_mixed(Command& search_command);
void add_search_nas(Command& search_command);

}  // namespace ingot::cli
