// config.toml of a run, read back with --config by the command that its first line names.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/words.h"
#include "pipeline/run.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"# ingot train\n",
                                        "seed = 3\n",
                                        "epochs = 2\n",
                                        "lr = 0.001\n",
                                        "data = \"glosses\"\n",
                                        "defaults = [\"seed\"]\n",
                                        "model = \"tiny\"\n",
                                        "config = \"x\"\n",
                                        "text = \"a\"\n",
                                        "[a]\n",
                                        "= [[]]\n",
                                        "-1",
                                        "1e999",
                                        "true"};

void read(std::string_view bytes) {
  static CLI::App program("", "ingot");
  static cli::Command* const root = [] {
    auto* const made = new cli::Command(program);
    for (const auto add_command : cli::kCommands) add_command(*made);
    return made;
  }();
  static_cast<void>(root);
  const std::filesystem::path file = file_of("config.toml", bytes);
  pipeline::command_of(file);
  for (const char* const name : {"train", "report"})
    cli::expand_config(*program.get_subcommand(name), {"--config", file.string()});
}

}  // namespace

Target config_toml() {
  return {.name = "config_toml",
          .read = read,
          .mutated = [](std::string bytes, Rng& rng) { return mutated_lines(std::move(bytes), rng, kPieces); },
          .pieces = kPieces};
}

}  // namespace ingot::fuzz
