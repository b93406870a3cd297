#include "pipeline/run.h"

#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/system_error.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;

void write_config(const fs::path& out, const std::string& config) {
  std::error_code error;
  fs::create_directories(out, error);
  engine::require_done(error, "--out " + out.string(), "make the folder");
  engine::write_file(out / "config.toml", config);
}

std::string command_of(const fs::path& config_toml) {
  constexpr std::string_view kBegin = "# ingot ";
  const std::string line = engine::first_line(config_toml);
  return line.starts_with(kBegin) ? line.substr(kBegin.size()) : "";
}

}  // namespace ingot::pipeline
