// The command line as a function.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ingot::cli {

class Command;

// Gives `program`, of which `root` is the command, its commands and what --help says of it.
void set_up(CLI::App& program, Command& root);

// Runs `words` (a command and its options, without the program's name) and returns 0, or the exit code after --help or
// wrong use. Throws what the command throws.
int run_program(const std::vector<std::string>& words);

}  // namespace ingot::cli
