// The folder of a search, which several processes may share. Where a server keeps the study, processes may also have
// folders of their own.
//
//   study.log     journal of the study, unless a server keeps it
//   trials/N/     what the unfinished trial N needs to go on; trials/N.lock is locked by the process that runs it
//   best/         model of the best trial so far; best.json names it
//   config.toml, result.json, figure.svg
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/base/file_lock.h"
#include "pipeline/output_lock.h"
#include "pipeline/run.h"
#include "pipeline/searches/results.h"

namespace ingot::pipeline {

class SearchFolder {
 public:
  // Makes the folder with config.toml, or joins the search in it. Throws Error if it holds other things.
  SearchFolder(std::filesystem::path path, const Run& run);

  const std::filesystem::path& path() const { return path_; }
  // Of the study in the journal, else what a new one is to be called: the folder's name.
  std::string study_name() const;
  std::filesystem::path journal() const { return path_ / "study.log"; }
  std::filesystem::path best() const { return path_ / "best"; }
  std::filesystem::path result_file() const { return path_ / "result.json"; }
  // What is there of an earlier run, or of another process; null if that is nothing, or no JSON.
  engine::Json earlier_result() const;
  std::filesystem::path trial(int number) const { return path_ / "trials" / std::to_string(number); }
  std::filesystem::path trial_lock(int number) const { return trial(number).string() + ".lock"; }

  // Whether no process runs the trial, whatever the journal says.
  bool is_abandoned(int number) const { return !engine::is_locked(trial_lock(number)); }

  // Makes `model`, a folder, best/ if the trial's values are better than those of the one there. It is moved.
  void keep_if_best(int number, const std::vector<double>& values, std::span<const Measure> measures,
                    const std::filesystem::path& model) const;

  // Whether best/ is the model of this trial, and not of another that ran here.
  bool holds_model_of(const search::TrialRecord& trial) const;

  // Removes what a finished trial needs no more.
  void forget(int number) const;

  // The same of all trials that are finished, after processes that were killed before they did it.
  void forget_finished(std::span<const search::TrialRecord> trials) const;

 private:
  std::filesystem::path path_;
};

}  // namespace ingot::pipeline
