#include "pipeline/pages/run_folder.h"

#include <fmt/format.h>

#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "pipeline/run.h"

namespace ingot::pipeline {
namespace {

namespace fs = std::filesystem;
using engine::Json;

// Numbers of a line that has a step; false for any other.
bool read_line(const std::string& line, MetricsLine& metrics) {
  Json json;
  try {
    json = engine::parse_json(line, "metrics");
  } catch (const engine::Error&) {
    return false;
  }
  if (!json.is_object() || !json.contains("step") || !json["step"].is_number()) return false;
  for (const auto& [name, value] : json.items()) {
    if (name == "step") {
      metrics.step = value.get<double>();
    } else if (value.is_number()) {
      metrics.values.emplace_back(name, value.get<double>());
    }
  }
  return true;
}

void read_metrics(const fs::path& path, RunFolder& folder) {
  std::istringstream lines(engine::read_file(path));
  for (std::string line; std::getline(lines, line);) {
    if (MetricsLine metrics; read_line(line, metrics)) {
      folder.metrics.push_back(std::move(metrics));
    } else {
      ++folder.n_damaged;
    }
  }
}

// "scheme://name:password@host" without name and password.
std::string without_credentials(const std::string& text) {
  const std::size_t slashes = text.find("://");
  if (slashes == std::string::npos) return text;
  const std::size_t host = slashes + 3, at = text.find('@', host);
  return at == std::string::npos || text.find('/', host) < at ? text : text.substr(0, host) + text.substr(at + 1);
}

}  // namespace

RunFolder read_run_folder(const fs::path& path) {
  engine::require(fs::is_directory(path), "{}: no such folder", path.string());
  const fs::path result = path / "result.json", metrics = path / "metrics.jsonl", config = path / "config.toml";
  engine::require(fs::exists(result) || fs::exists(metrics) || fs::exists(config),
                  "{}: is no folder of a run: it has no result.json, metrics.jsonl or config.toml", path.string());
  RunFolder folder{.path = path, .name = shown_path(path), .command = {}, .result = Json::object(), .metrics = {}};
  if (fs::exists(result)) {
    folder.result = engine::parse_json(engine::read_file(result), result.string());
    engine::require(folder.result.is_object(), "{}: must hold an object", result.string());
  }
  if (fs::exists(config)) folder.command = command_of(config);
  if (const Json& r = folder.result; folder.command.empty() && r.contains("command") && r["command"].is_string())
    folder.command = r["command"].get<std::string>();
  if (fs::exists(metrics)) read_metrics(metrics, folder);
  return folder;
}

std::string shown_path(const fs::path& path) {
  const fs::path clean = path.lexically_normal();
  const fs::path full = clean.has_filename() ? clean : clean.parent_path();
  if (!full.is_absolute()) return full.string();
  const fs::path relative = full.lexically_relative(fs::current_path());
  return relative.empty() || *relative.begin() == ".." ? full.filename().string() : relative.string();
}

std::string shown_value(const Json& value) {
  if (!value.is_string()) return value.dump();
  const std::string text = without_credentials(value.get<std::string>());
  return fs::path(text).is_absolute() ? shown_path(text) : text;
}

}  // namespace ingot::pipeline
