#include "pipeline/searches/folder.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/forget.h"
#include "engine/base/printable.h"
#include "engine/base/system_error.h"
#include "engine/io/json.h"
#include "engine/io/saved.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
using engine::Json;
using engine::require;
using search::TrialRecord;

SearchFolder::SearchFolder(fs::path path, const Run& run) : path_(std::move(path)) {
  std::error_code error;
  require(is_unused(path_) || fs::exists(journal(), error) || fs::exists(path_ / "trials", error),
          "--out {}: is no empty folder, and holds no search", path_.string());
  fs::create_directories(path_ / "trials", error);
  engine::require_done(error, "--out " + path_.string(), "make the folder");
  // It is written once: what others left that were killed while they wrote it too, no later writing clears away.
  const fs::path config = path_ / "config.toml";
  fs::exists(config) ? engine::remove_leftovers(config) : write_config(path_, run.config);
}

std::string SearchFolder::study_name() const {
  const Json record = engine::parse_json_or_null(engine::first_line(journal()));
  if (record.is_object() && record.value("op_code", Json()) == 0 && record.contains("study_name") &&
      record["study_name"].is_string()) {
    return record["study_name"];
  }
  std::error_code error;
  const fs::path whole = fs::canonical(path_, error);
  engine::require_done(error, path_, "find the name of the folder");
  const std::string name = engine::printable(whole.filename().string());
  return name.empty() ? "ingot" : name;
}

Json SearchFolder::earlier_result() const {
  return fs::exists(result_file()) ? engine::parse_json_or_null(engine::read_file(result_file())) : Json();
}

namespace {

std::optional<TrialRecord> read_best(const fs::path& file, std::size_t n_values) {
  if (!fs::exists(file)) return std::nullopt;
  const Json json = engine::parse_json_or_null(engine::read_file(file));
  const engine::Saved saved(json, file.string());
  TrialRecord best{.number = saved.get<int>("number"), .values = saved.get<std::vector<double>>("values")};
  require(best.values.size() == n_values, "{}: values: must be {}, got {}", file.string(), n_values,
          best.values.size());
  return best;
}

}  // namespace

void SearchFolder::keep_if_best(int number, const std::vector<double>& values, std::span<const Measure> measures,
                                const fs::path& model) const {
  const engine::FileLock lock(path_ / "trials/best.lock", engine::Wait::yes);
  const fs::path file = path_ / "best.json", old = path_ / "trials/best.old";
  const std::optional<TrialRecord> before = read_best(file, measures.size());
  const TrialRecord trial{.number = number, .values = values};
  // The same trial again: what was killed between these steps is done anew.
  if (before && before->number != number && !is_better(trial, *before, measures)) return;
  fs::remove_all(old);
  if (fs::exists(best())) fs::rename(best(), old);
  fs::rename(model, best());
  engine::write_file(file, Json{{"number", number}, {"values", values}}.dump() + "\n");
  fs::remove_all(old);
}

bool SearchFolder::holds_model_of(const TrialRecord& trial) const {
  const std::optional<TrialRecord> kept = read_best(path_ / "best.json", trial.values.size());
  return kept && kept->number == trial.number && kept->values == trial.values;
}

void SearchFolder::forget(int number) const {
  engine::forget(trial(number));
  engine::forget(trial_lock(number));
}

void SearchFolder::forget_finished(std::span<const TrialRecord> trials) const {
  std::error_code error;
  for (const TrialRecord& t : trials) {
    if (t.is_finished() && (fs::exists(trial(t.number), error) || fs::exists(trial_lock(t.number), error)))
      forget(t.number);
  }
}

}  // namespace ingot::pipeline
