// What every command shares: its table, its common options, its result.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/io/json.h"

namespace ingot::cli {

// Options of every command.
struct Common {
  std::uint64_t seed = 1;
  int threads = 0;  // 0: all processors
  bool quiet = false;
  bool json = false;
  std::string config;
};

// Adds --seed, --threads, --quiet, --json, --config to a command; they take effect before its callback runs.
std::shared_ptr<Common> add_common(CLI::App& command);

// For options whose smallest value is 0.
CLI::Validator not_negative();

// Gives a command its example for --help and the work to do when it was asked for.
void set_action(CLI::App& command, const std::string& example, const std::shared_ptr<Common>& common,
                std::function<void()> action);

// Its name behind those of the commands that it belongs to: "search nas".
std::string full_name(const CLI::App& command);

// All options of a command as given or by default, by long name, for result.json.
engine::Json resolved_options(const CLI::App& command);

// The result with usage, seed, options and build.
engine::Json with_usage(const CLI::App& command, const Common& common, engine::Json result);

// The value and a line end. Paths and names need not be UTF-8: what is not is replaced. `indent`: -1 for one line.
std::string json_line(const engine::Json& value, int indent = -1);

// Ends a command: adds usage, seed and build to the result; writes result.json into `out` unless it is empty; prints
// the JSON on standard output with --json, else `text`, whose names and labels need not be printable.
void finish(const CLI::App& command, const Common& common, const std::filesystem::path& out, engine::Json result,
            const std::string& text);

// Writes to standard output, and throws Failure if not all of it could be written: it is closed, or its disk is full.
void print_out(std::string_view text);

// Says something to the user, on standard error, unless --quiet. What it quotes need not be printable.
void say(const std::string& line);

}  // namespace ingot::cli
