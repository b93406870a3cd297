#include "labs/folder.h"

#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/forget.h"
#include "engine/base/system_error.h"
#include "engine/io/saved.h"

namespace ingot::labs {
namespace fs = std::filesystem;
using engine::Json;
using engine::require;

namespace {

Json read_json(const fs::path& file) {
  Json value = engine::parse_json_or_null(engine::read_file(file));
  require(value.is_object(), "{}: not a JSON object", file.string());
  return value;
}

// A path in an identity need not be UTF-8.
std::string dumped(const Json& value) { return value.dump({.indent = 2, .mended = true}) + "\n"; }

void check_identity(const fs::path& file, const Json& identity) {
  const Json saved = read_json(file), now = Json::parse(dumped(identity));
  for (const auto& [key, value] : now.items()) {
    require(saved.contains(key) && saved[key] == value,
            "--out {}: holds a lab with other options: {}: saved {}, now {}", file.parent_path().string(), key,
            saved.contains(key) ? saved[key].dump() : "none", value.dump());
  }
}

}  // namespace

LabFolder::LabFolder(fs::path folder, const Json& identity) : path_(std::move(folder)) {
  std::error_code error;
  require(pipeline::is_unused(path_) || fs::exists(path_ / "locks", error),
          "--out {}: is no empty folder, and holds no lab", path_.string());
  for (const char* part : {"locks", "rows"}) {  // in this order: the locks tell that it is a lab
    fs::create_directories(path_ / part, error);
    engine::require_done(error, "--out " + path_.string(), "make the folder");
  }
  const engine::FileLock lock(path_ / "locks/.lab", engine::Wait::yes);
  const fs::path file = path_ / "lab.json";
  fs::exists(file) ? check_identity(file, identity) : engine::write_file(file, dumped(identity));
}

std::optional<RowResult> LabFolder::result(const Row& row) const {
  const fs::path file = row_folder(row.name) / "row.json";
  if (!fs::exists(file)) return std::nullopt;
  const Json json = read_json(file);
  const engine::Saved saved(json, file.string());
  require(saved.get<std::vector<std::string>>("commands") == row.commands && saved.get<std::string>("plan") == row.plan,
          "{}: the row was made by other commands; remove its folder to make it anew", file.string());
  RowResult result(saved.at("result"), file.string() + ": result");
  require(row.assemble != nullptr || result.figures.accuracy, "{}: holds no result with an accuracy", file.string());
  result.seconds = saved.get<double>("seconds");
  result.resumed = saved.get<bool>("resumed");
  result.typed = saved.get<std::vector<std::string>>("typed");
  return result;
}

Results LabFolder::results(std::span<const Row> rows) const {
  Results all;
  for (const Row& row : rows) {
    if (std::optional<RowResult> done = result(row)) all.emplace(row.name, std::move(*done));
  }
  return all;
}

void LabFolder::finish_row(const Row& row, const RowResult& result) const {
  const fs::path folder = row_folder(row.name);
  fs::create_directories(folder);  // its commands may all have worked in another row's
  engine::write_file(folder / "row.json", dumped({{"name", row.name},
                                                  {"commands", row.commands},
                                                  {"plan", row.plan},
                                                  {"typed", result.typed},
                                                  {"result", result.json},
                                                  {"seconds", result.seconds},
                                                  {"resumed", result.resumed}}));
  tidy(row.name);
}

void LabFolder::tidy(const std::string& row) const {
  for (const char* part : {"training.safetensors", "last"}) engine::forget(row_folder(row) / part);
}

}  // namespace ingot::labs
