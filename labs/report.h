// What a lab shows: a table on the terminal and as Markdown, every row as JSON, a figure.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/io/json.h"
#include "labs/lab.h"
#include "labs/run.h"
#include "report/chart.h"

namespace ingot::labs {

struct LabReport {
  engine::Json rows;     // an object a row, in the order of the table
  std::string text;      // the table for a terminal, with what was chosen and what is missing
  std::string markdown;  // table.md
  report::Chart chart;
  engine::Json more = engine::Json::object();               // what result.json has beside the rows
  std::map<std::string, report::Chart> charts{};            // more of them, by the name of their files
  std::map<std::string, std::filesystem::path> pictures{};  // copied into the lab's folder, by their name there
};

// The report on the lab's folder as it is now. `failures`: the errors of this process, by row.
LabReport report_on(const Lab& lab, const LabRun& run, const std::map<std::string, std::string>& failures);

// The figure of a lab: what its rows came to, and with `comparable` what the reference implementation did. Curves
// that differ in their seed are their mean. `left_out` gets a line for each row that cannot be drawn.
report::Chart chart_of(const Lab& lab, std::span<const Row> rows, const Results& results, bool comparable,
                       std::string& left_out);

// What a lab knows of a row when it reports.
struct ReportedRow {
  const Row& row;
  std::string state;                  // done, failed, running or open
  bool is_chosen = false;             // asked for
  std::string error{};                // why it failed in this process; empty: it did not
  const RowResult* result = nullptr;  // null unless it is done
  // Where the rows were measured on the texts that the reference implementation and the bounds are about.
  std::optional<double> reference{};
  std::vector<Verdict> bounds{};
};
std::vector<ReportedRow> reported_rows(const LabRun& run, const Results& results,
                                       const std::map<std::string, std::string>& failures);

// What every lab says of a row: its name and title, its state, whether it was asked for, its error, and of one that is
// done its seconds and what was typed.
engine::Json as_json(const ReportedRow& row);

// How many rows are in which state, and what failed.
std::string states_text(std::span<const ReportedRow> rows);

// Lines as a list in Markdown.
std::string as_list(const std::string& lines);

}  // namespace ingot::labs
