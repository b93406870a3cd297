// How --help looks.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

namespace ingot::cli {

inline constexpr char kCommonGroup[] = "Of every command";  // the heading of options that all have

// Names on the left, what they are on the right, no line longer than 80 columns. Subcommands inherit it.
std::shared_ptr<CLI::FormatterBase> help_formatter();

}  // namespace ingot::cli
