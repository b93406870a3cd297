// Searches over trained models: their options, their run, their result.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "pipeline/searches/folder.h"
#include "pipeline/searches/options.h"
#include "pipeline/searches/ranks.h"
#include "pipeline/searches/trial.h"

namespace ingot::pipeline {

struct ModelSearchOptions {
  SearchOptions search;
  std::string pruner = "none", objectives = "accuracy", study;
  std::int64_t reports = 5, report_texts = 500, validation = -1;
};

// Throws Error for options that contradict each other.
void check_search(const ModelSearchOptions& options, std::span<const Measure> measures);

// All that shapes the trials of a search: what must be the same when it is resumed.
engine::Json identity_of(const Run& run, const TrainingTexts& texts);

struct ModelSearch {
  const Run& run;
  const Finish& finish;
  const ModelSearchOptions& options;
  const TrialTexts& texts;
  const SearchFolder& folder;
  const std::vector<Measure>& measures;
  SearchRanks& ranks;
  // What else is to be written, and to go into the result.
  std::function<void(SearchResult& result)> add = nullptr;
};

// Runs the trials that are left; of several jobs and ranks that is all that any but the first process does. Evaluates
// the best model on the test texts once no trial is running, draws the figure, and finishes with the best trials in
// these columns. Throws Failure if no trial is complete and feasible.
void finish_search(const ModelSearch& search, search::StudyOptions study, const engine::Json& identity,
                   const search::Objective& objective, const std::vector<std::string>& columns,
                   const std::string& title);

}  // namespace ingot::pipeline
