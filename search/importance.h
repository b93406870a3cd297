// Which parameters decided how good a trial became.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "search/history/record.h"

namespace ingot::search {

// Importances by PED-ANOVA (Watanabe, Bansal, Hutter, 2023), by parameter name, the most important first; they sum
// to 1. A parameter is important if its values among the best trials are distributed otherwise than among all trials.
//
// - The best trials are a tenth of the complete ones, rounded up, and all that equal the last of them. With several
//   objectives they are the first ranks of non-domination.
// - The difference is Pearson's divergence of the two densities, on a grid of at most 50 cells.
// - A parameter that only some trials have, or with different ranges, counts for each range by the number of trials
//   that have it, as in Optuna 5.
// - All importances are equal if nothing differs or if there are fewer than two trials to compare.
// - Trials with infinite values are left out.
std::vector<std::pair<std::string, double>> parameter_importances(std::span<const TrialRecord> trials,
                                                                  std::span<const Direction> directions);

}  // namespace ingot::search
