// What a command left in its folder, as a page shows it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/io/json.h"

namespace ingot::pipeline {

// A line of metrics.jsonl: its numbers by name.
struct MetricsLine {
  double step = 0;
  std::vector<std::pair<std::string, double>> values;
};

struct RunFolder {
  std::filesystem::path path;
  std::string name;                  // shown_path(path)
  std::string command;               // "train"; empty if nothing says
  engine::Json result;               // result.json; an empty object while the run goes on
  std::vector<MetricsLine> metrics;  // in order of the file
  std::size_t n_damaged = 0;         // lines of it that could not be read

  bool is_finished() const { return !result.empty(); }
};

// Reads result.json, metrics.jsonl and config.toml, those that are there. Throws Error if none is, or if result.json
// cannot be read. A damaged line of metrics.jsonl is counted, and so is one that is still being written.
RunFolder read_run_folder(const std::filesystem::path& path);

// The path without what tells of its machine: below the working folder relative to it, elsewhere its last name.
std::string shown_path(const std::filesystem::path& path);

// An option's value as a page may show it: absolute paths as shown_path, no name and password of "//name:password@".
std::string shown_value(const engine::Json& value);

}  // namespace ingot::pipeline
