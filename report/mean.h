// Several measurements of one thing, as with several seeds: their mean and its standard error.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "report/chart.h"

namespace ingot::report {

struct Mean {
  double value = 0;
  double error = 0;  // standard error: the standard deviation (of n - 1) over the square root of n
};

// Of at least one value; the error of a single one is 0.
Mean mean_of(std::span<const double> values);

// "0.8790 +- 0.0012".
std::string to_text(const Mean& mean);

// The mean of several series point by point, named `name`, in the group of the first. Points belong together that have
// the same label, or if they have none the same x. A point that not all of the series have is left out.
Series mean_of(std::span<const Series> all, const std::string& name);

}  // namespace ingot::report
