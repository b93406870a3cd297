// What a lab shows: a table on the terminal and as Markdown, every row as JSON, a figure.
#pragma once

#include <map>
#include <string>

#include "engine/io/json.h"
#include "labs/lab.h"
#include "labs/run.h"
#include "report/plot.h"

namespace ingot::labs {

struct LabReport {
  engine::Json rows;     // an object a row, in the order of the table
  std::string text;      // the table for a terminal, with what was chosen and what is missing
  std::string markdown;  // table.md
  report::Figure figure;
};

// The report on the lab's folder as it is now. `failures`: the errors of this process, by row.
LabReport report_on(const Lab& lab, const LabRun& run, const std::map<std::string, std::string>& failures);

}  // namespace ingot::labs
