// Compiled once for all commands: these headers are most of what each of them would read.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
