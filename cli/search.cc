// ingot search: its subcommands.
#include "cli/search.h"

#include "cli/command.h"
#include "cli/commands.h"

namespace ingot::cli {

void add_search(Command& program) {
  Command& command = program.add_subcommand("search", "searches for the best settings");
  command.require_subcommand();
  add_search_nas(command);
  add_search_mixed(command);
  add_search_bench(command);
}

}  // namespace ingot::cli
