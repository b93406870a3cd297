// What a search shows of its trials: a table for a terminal, and a figure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pipeline/searches/results.h"
#include "report/chart.h"

namespace ingot::pipeline {

// With one measure: its best value so far, over trials. With several: the first over the second, for the front and for
// all other trials, and for the model that the search started from, if that is known.
report::Chart chart_of(const SearchResult& result, std::span<const Measure> measures, const std::string& title);

// At most n_most trials, the best first (with several measures those of the front), how many are left out, and how many
// trials ended in each state. Columns: names of parameters, or of numbers kept with the trials.
std::string table_of(const SearchResult& result, std::span<const Measure> measures,
                     const std::vector<std::string>& columns, std::size_t n_most);

}  // namespace ingot::pipeline
