// Rows that compete: models ranked by test accuracy, searches by how soon they find what they find.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "labs/report.h"
#include "report/chart.h"

namespace ingot::labs {

// A line for each ranking, the best row first, with the standard error that the number of test texts gives.
std::string ranking_text(std::span<const ReportedRow> rows);

// A line for each choice among searches: the area under the best value so far, as a mean over the trials.
std::string areas_text(std::span<const ReportedRow> rows);

// The labels that flip in models which are ranked and were not trained, in percent of the test texts with standard
// errors, against the bits that a parameter may have. Nothing where no ranking has such rows.
std::optional<report::Chart> flips_chart(std::span<const ReportedRow> rows);

}  // namespace ingot::labs
