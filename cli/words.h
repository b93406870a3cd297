// What was typed, read before CLI11 does: for messages that name the nearest word, and for what files of options add.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ingot::cli {

// The command that the first words name.
struct Typed {
  const CLI::App* command;
  std::vector<std::string> names;      // "search", "nas"
  std::vector<std::string> arguments;  // what follows
};

// Names of the commands that belong to one; none if it does something itself.
std::vector<std::string> command_names(const CLI::App& app);

// Throws Error, with the nearest name, for a command that there is none of.
Typed find_command(const CLI::App& program, std::span<const std::string> words);

struct Argument {
  const CLI::Option* option;  // none: positional
  std::string value;
};

// The arguments of a command in order. Throws Error, with the nearest name, for an option that the command has not.
std::vector<Argument> read_arguments(const CLI::App& command, std::span<const std::string> arguments);

// The option or positional of that name, without dashes; none if the command has none.
const CLI::Option* find_option(const CLI::App& command, const std::string& name);

// "; did you mean X?" with the name that is meant most likely; empty if none is near.
std::string did_you_mean(const std::string& word, std::span<const std::string> names);

// Names of the options of a command, with their dashes.
std::vector<std::string> option_names(const CLI::App& command);

}  // namespace ingot::cli
