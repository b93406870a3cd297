// The command that is running, as far as the libraries below cli/ know it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "engine/io/json.h"

namespace ingot::pipeline {

struct Run {
  std::string command;   // "train", "search nas"
  engine::Json options;  // by long name, as given or by default
  std::uint64_t seed = 1;
  std::string config;           // the text of config.toml
  std::set<std::string> given;  // options that the user gave, as "--width"
};

// Takes what a command found, and its words for a terminal, and writes result.json.
using Finish = std::function<void(engine::Json result, const std::string& text)>;

// Makes the folder and writes config.toml into it.
void write_config(const std::filesystem::path& out, const std::string& config);

// The command that made a config.toml: "train", "search nas". Empty if there is none, or it does not say.
std::string command_of(const std::filesystem::path& config_toml);

}  // namespace ingot::pipeline
