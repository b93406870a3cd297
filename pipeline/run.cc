#include "pipeline/run.h"

#include <fstream>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;

void write_config(const fs::path& out, const std::string& config) {
  std::error_code error;
  fs::create_directories(out, error);
  engine::require(!error, "--out {}: cannot make the folder: {}", out.string(), error.message());
  engine::write_file(out / "config.toml", config);
}

std::string command_of(const fs::path& config_toml) {
  constexpr std::string_view kBegin = "# ingot ";
  std::ifstream file(config_toml);
  std::string line;
  if (!std::getline(file, line) || !line.starts_with(kBegin)) return "";
  return line.substr(kBegin.size());
}

}  // namespace ingot::pipeline
