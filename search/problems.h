// Closed-form problems on which samplers are compared: known optima, and spaces like those of architecture search.
#pragma once

#include <array>
#include <span>
#include <string>

#include "search/trial.h"

namespace ingot::search {

// How lists whose items have an order are sampled; problems without such lists know no difference.
enum class Lists { categorical, ordinal };

// Median best values of Optuna after so many trials; NaN where nothing was measured. Random over 100 seeds, the others
// over 20 to 30: version 4.6 by default and with multivariate=True, and a development version of 5.0 by default.
struct Reference {
  int trials;
  double random, optuna4, optuna4_multivariate, optuna5;
};

struct Problem {
  const char* name;
  const char* summary;
  double optimum;
  double (*value)(Trial& trial, Lists lists);  // to be minimised
  std::array<Reference, 2> reference;          // none: 0 trials
};

std::span<const Problem> problems();
const Problem& find_problem(const std::string& name);  // throws Error

}  // namespace ingot::search
