// Does the rows of a lab, while other processes may do other rows in the same folder.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "labs/folder.h"
#include "labs/row.h"

namespace ingot::labs {

// Runs an ingot command in this process, its words without the program; returns its exit code.
using RunCommand = std::function<int(const std::vector<std::string>& words)>;

struct LabRun {
  const LabFolder& folder;
  std::vector<Row> rows;                      // all of them, a row behind those that it needs
  std::vector<Row> chosen;                    // to be done, in the same order, with all that they need
  std::map<std::string, std::string> values;  // data, seed, from
  bool has_parts = false;                     // `data` is the training part, its other parts are among `reading`
  std::vector<std::string> reading;           // options that go with --data
  int threads = 0;                            // of every command; 0: as it likes
  int jobs = 0;                               // of every search; 0: as it likes
  bool quiet = false;
  RunCommand run_command;
};

// Does every chosen row that is free, waits for rows of other processes as long as some row here needs them, and
// returns what failed in this process: the error by row. Throws Interrupted if it was asked to stop.
std::map<std::string, std::string> run_rows(const LabRun& run);

// The rows that a pattern such as 'float,calibrated-*' names, with all that they need. Throws Error for one that names
// none; empty: all.
std::vector<Row> choose_rows(std::span<const Row> rows, const std::string& patterns);

// The commands of a row as words; the rows that it needs must be done.
std::vector<std::vector<std::string>> typed_commands(const LabRun& run, const Row& row, const Results& results);

}  // namespace ingot::labs
