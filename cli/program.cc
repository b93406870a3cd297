#include "cli/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/help.h"
#include "cli/version.h"
#include "cli/words.h"
#include "engine/base/error.h"
#include "engine/base/isa.h"
#include "pipeline/rank_folder.h"

namespace ingot::cli {

namespace {

constexpr const char kFooter[] =
    "`ingot help COMMAND` explains a command, `ingot version` says what this is.\n"
    "In a clone, ./ingot also takes the words test and bench.\n"
    "Exit codes: 0 done, 1 failed at work (a full disk, a training that diverges, a simulator that breaks off), 2 "
    "wrong "
    "use or wrong input, 130 stopped by the user.";

// `help COMMAND` and `version` are other words for options.
std::vector<std::string> as_options(std::vector<std::string> words) {
  if (words.empty()) return words;
  if (words[0] == "version" && words.size() == 1) return {"--version"};
  if (words[0] == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  return words;
}

void require_command(const Typed& typed) {
  const std::vector<std::string> names = command_names(*typed.command);
  if (names.empty() || !typed.arguments.empty()) return;
  const std::string where = typed.names.empty() ? "" : fmt::format("{}: ", fmt::join(typed.names, " "));
  engine::fail("{}needs a command: {}", where, fmt::join(names, ", "));
}

// The commands whose steps, or whose trials, several ranks share.
bool works_by_ranks(const std::vector<std::string>& names) {
  constexpr std::string_view kSome[] = {"train", "pretrain", "quantize", "prune", "search nas", "search mixed"};
  return std::find(std::begin(kSome), std::end(kSome), fmt::format("{}", fmt::join(names, " "))) != std::end(kSome);
}

}  // namespace

void set_up(CLI::App& program, Command& root) {
  program.name("ingot")->description("Trains, compresses and casts tiny BERTs.");
  program.require_subcommand(1);
  program.formatter(help_formatter());
  program.set_version_flag(
      "--version", [] { return version_text(); }, "Print what this is and exit");
  program.footer(kFooter);
  for (const auto add_command : kCommands) add_command(root);
}

int run_program(const std::vector<std::string>& words) {
  CLI::App program;
  Command root(program);
  set_up(program, root);
  if (!words.empty())
    engine::require(words[0] != "test" && words[0] != "bench", "{0}: is done by ./ingot {0} in a clone", words[0]);
  Typed typed = find_command(program, as_options(words));
  require_command(typed);
  engine::active_isa();  // a wrong INGOT_ISA is said before any work
  if (!typed.names.empty() && !works_by_ranks(typed.names))
    pipeline::require_alone(fmt::format("{}:", fmt::join(typed.names, " ")));
  std::vector<std::string> arguments = typed.names;
  for (std::string& word : expand_config(*typed.command, typed.arguments)) arguments.push_back(std::move(word));
  std::reverse(arguments.begin(), arguments.end());  // the order that CLI11 wants
  try {
    program.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      program.exit(error);
      if (!std::cout.flush()) throw engine::Failure("standard output: cannot write");
      return 0;
    }
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)
      engine::fail("{}: takes fewer arguments; `ingot help {}` says which", fmt::join(typed.names, " "),
                   fmt::join(typed.names, " "));
    engine::fail("{}", error.what());
  }
  return 0;
}

}  // namespace ingot::cli
