// ingot search: its subcommands.
#include "cli/search.h"

#include "cli/commands.h"

namespace ingot::cli {

void add_search(CLI::App& program) {
  CLI::App& command = *program.add_subcommand("search", "searches for the best settings");
  command.require_subcommand(1);
  add_search_nas(command);
  add_search_mixed(command);
  add_search_bench(command);
}

}  // namespace ingot::cli
