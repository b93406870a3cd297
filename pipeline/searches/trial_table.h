// What a search has measured, as a problem whose values are looked up: samplers are then compared in seconds, on a
// space that was really trained.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "search/problems.h"
#include "search/trial.h"

namespace ingot::pipeline {

class TrialTable {
 public:
  // Of a search with the objective accuracy: its folder, or a copy of the result.json in it. Throws Error if the file
  // is none, if a trial names other parameters than another, or if there are not two complete ones.
  explicit TrialTable(const std::filesystem::path& place);

  std::size_t size() const { return rows_.size(); }
  double best() const { return best_; }  // accuracy
  // The axes of SamplerOptions.
  const std::vector<std::pair<std::string, std::vector<search::Choice>>>& axes() const { return axes_; }

  // The accuracy of the configuration that the trial draws, to be made larger; lists of numbers have an order, if
  // `lists` says so. The trial reports what the measured one reported. Adds to `spent` the share of its steps that the
  // trial took. Throws Pruned as the pruner says; a configuration that was not measured is not feasible.
  double look_up(search::Trial& trial, search::Lists lists, double& spent) const;

 private:
  struct Row {
    double accuracy = 0;
    std::map<std::int64_t, double> reports;  // by step
  };
  std::vector<std::pair<std::string, std::vector<search::Choice>>> axes_;  // by name
  std::map<std::vector<search::Choice>, Row> rows_;                        // values in the order of the axes
  double best_ = 0;
};

}  // namespace ingot::pipeline
