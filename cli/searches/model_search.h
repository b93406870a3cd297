// Searches over trained models: their options, their run, their result.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/searches/folder.h"
#include "cli/searches/options.h"
#include "cli/searches/trial.h"
#include "engine/io/json.h"

namespace ingot::cli {

class Command;

struct ModelSearchOptions {
  SearchOptions search;
  std::string pruner = "none", objectives = "accuracy";
  std::int64_t reports = 5, glance = 500, validation = -1;
};

void add_model_search_options(Command& command, ModelSearchOptions& options);

// Throws Error for options that contradict each other.
void check_search(const ModelSearchOptions& options, std::span<const Measure> measures);

// All that shapes the trials of a search: what must be the same when it is resumed.
engine::Json identity_of(const Command& command, const TrainingTexts& texts);

struct ModelSearch {
  const Command& command;
  const Common& common;
  const ModelSearchOptions& options;
  const TrialTexts& texts;
  const SearchFolder& folder;
  const std::vector<Measure>& measures;
  // What else is to be written, and to go into the result.
  std::function<void(engine::Json& result, const std::vector<search::TrialRecord>& trials)> add = nullptr;
};

// Runs the trials that are left, evaluates the best model on the test texts once no trial is running, writes
// result.json and the figure, and prints the best trials with these columns.
void finish_search(const ModelSearch& search, search::StudyOptions study, const engine::Json& identity,
                   const search::Objective& objective, const std::vector<std::string>& columns,
                   const std::string& title);

}  // namespace ingot::cli
