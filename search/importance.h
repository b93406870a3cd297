// Which parameters decided how good a trial became.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "search/history/record.h"

namespace ingot::search {

// PED-ANOVA (Watanabe, Bansal, Hutter, 2023) of the best tenth of the complete trials, rounded up, with all that equal
// the last of them, against all: the most important first, shares of a sum of 1: how much the density of each parameter
// among the best differs from that among all (Pearson's divergence, on a grid of at most 50 cells). A parameter that
// only some trials have, or with different ranges, counts for each range as often as the trials that have it (Optuna
// 5). With several objectives the best are the first ranks of non-domination. Equal shares where nothing differs, or
// there are fewer than two trials to compare. Trials with infinite values are left out.
std::vector<std::pair<std::string, double>> parameter_importances(std::span<const TrialRecord> trials,
                                                                  std::span<const Direction> directions);

}  // namespace ingot::search
