// What a search shows of its trials: result.json, a table, the best value so far.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "report/plot.h"
#include "search/study.h"

namespace ingot::pipeline {

// A value that a search makes better, the first of a search: accuracy.
struct Measure {
  std::string name;
  search::Direction direction = search::Direction::minimize;
};

// The parameters of a trial by name: numbers, and items of lists as themselves.
engine::Json parameters_of(const search::TrialRecord& trial);

// Whether a is the better of two complete trials: by the first measure in which they differ, then the earlier one.
bool is_better(const search::TrialRecord& a, const search::TrialRecord& b, std::span<const Measure> measures);

// The best complete, feasible trial; none if there is none.
const search::TrialRecord* best_of(const std::vector<search::TrialRecord>& trials, std::span<const Measure> measures);

// The fields of result.json: trials, states (how many of each), distinct (configurations tried), duplicates,
// unfinished, best_so_far (value of the first measure, an item a trial, null before the first), importances, and with
// several measures front (numbers of trials).
engine::Json describe(search::Study& study, std::span<const Measure> measures);

// With one measure: its best value so far, over trials. With several: the first over the second, for the front and for
// all other trials, and for the model that the search started from if the result has a "start" of accuracy and bits.
report::Figure figure_of(const engine::Json& result, std::span<const Measure> measures, const std::string& title);

// A table for a terminal: at most n_most trials, the best first (with several measures those of the front), how many
// are left out, and how many trials ended in each state. Columns: names of parameters, or of numbers kept with the
// trials.
std::string table_of(const engine::Json& result, std::span<const Measure> measures,
                     const std::vector<std::string>& columns, std::size_t n_most);

}  // namespace ingot::pipeline
