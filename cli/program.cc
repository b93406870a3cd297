#include "cli/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/version.h"
#include "engine/base/error.h"
#include "engine/base/isa.h"

namespace ingot::cli {

namespace {

void check_command(const CLI::App& program, const std::vector<std::string>& words) {
  if (words.empty() || words[0].starts_with("-")) return;
  engine::require(words[0] != "test" && words[0] != "bench", "{}: is done by ./ingot {} in a clone", words[0],
                  words[0]);
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  engine::require(std::find(names.begin(), names.end(), words[0]) != names.end(),
                  "no command '{}'; the commands are {}", words[0], fmt::join(names, ", "));
}

}  // namespace

int run_program(const std::vector<std::string>& words) {
  CLI::App program("Trains, compresses and casts tiny BERTs.", "ingot");
  program.require_subcommand(1);
  program.set_version_flag("--version", [] { return version_text(); });
  program.get_formatter()->column_width(36);
  program.footer("`ingot COMMAND --help` explains a command. In a clone, ./ingot also takes the words test and bench.");
  for (const auto add_command : kCommands) add_command(program);
  check_command(program, words);
  engine::active_isa();  // a wrong INGOT_ISA is said before any work
  std::vector<std::string> arguments = expand_config(words);
  std::reverse(arguments.begin(), arguments.end());  // the order that CLI11 wants
  try {
    program.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
    engine::fail("{}", error.what());
  }
  return 0;
}

}  // namespace ingot::cli
