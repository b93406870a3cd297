// What a search finds: which trials are best, and result.json.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/io/saved.h"
#include "pipeline/scores.h"
#include "search/study.h"

namespace ingot::pipeline {

// A value that a search makes better, the first of a search: accuracy.
struct Measure {
  std::string name;
  search::Direction direction = search::Direction::minimize;
};

// The parameters of a trial by name: numbers, and items of lists as themselves.
engine::Json parameters_of(const search::TrialRecord& trial);

// Whether the trial is complete and feasible, and whether an earlier one had its configuration.
bool counts(const search::TrialRecord& trial);
bool is_duplicate(const search::TrialRecord& trial);

// Whether a is the better of two complete trials: by the first measure in which they differ, then the earlier one.
bool is_better(const search::TrialRecord& a, const search::TrialRecord& b, std::span<const Measure> measures);

// The best complete, feasible trial; none if there is none.
const search::TrialRecord* best_of(const std::vector<search::TrialRecord>& trials, std::span<const Measure> measures);

// The accuracy and the average bits of the model that a search started from.
struct StartingPoint {
  double accuracy = 0, bits = 0;
};

// What a search has found, in all trials that there are.
struct SearchResult {
  std::vector<search::TrialRecord> trials;
  std::map<std::string, int> states{};               // how many trials are in each
  std::vector<std::optional<double>> best_so_far{};  // value of the first measure, an item a trial
  std::size_t n_distinct = 0;                        // configurations tried
  int n_duplicates = 0, n_unfinished = 0;
  std::vector<std::pair<std::string, double>> importances{};  // of parameters: a share of 1 each
  std::vector<int> front{};                                   // numbers of trials; with several measures
  std::optional<int> best{};                                  // number of a trial; none as long as trials are running
  std::optional<ModelScores> best_model{};                    // of that trial
  std::optional<StartingPoint> start{};

  const search::TrialRecord& trial(int number) const { return trials[static_cast<std::size_t>(number)]; }
};

// All but best, best_model and start.
SearchResult describe(search::Study& study, std::span<const Measure> measures);

// trials, states, distinct, duplicates, unfinished, best_so_far, importances, and, where they are known, front, best,
// start, and what as_json of ModelScores says.
engine::Json as_json(const SearchResult& result, std::span<const Measure> measures);

// What the result of an earlier run, or of another process, says of the same best trial; none if it has another one.
std::optional<ModelScores> best_model_from_json(const engine::Saved& result, const search::TrialRecord& best,
                                                const bert::Head& head);
std::optional<StartingPoint> start_from_json(const engine::Saved& result);

}  // namespace ingot::pipeline
