// Options in files: config.toml of a run, which `ingot COMMAND --config` reads back.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ingot::cli {

class Command;

// Puts the options in the file that --config names before the arguments of a command, which so win, and its positional
// arguments behind them unless they have some. Throws Error for a file that is not TOML, holds more than keys and
// values, names another file or an option that the command has not, and for two files.
std::vector<std::string> expand_config(const CLI::App& command, std::vector<std::string> arguments);

// What config.toml says: positional arguments and all options, with those of them that nobody gave under `defaults`.
// Read back, these count as given only where another default has come since. What belongs to one call alone is left
// out:
// --out, --resume, --json, --quiet.
std::string config_text(const Command& command);

// Makes the folder and writes config.toml into it.
void write_config_toml(const Command& command, const std::filesystem::path& out);

}  // namespace ingot::cli
