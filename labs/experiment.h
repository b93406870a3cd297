// ingot lab: a whole experiment by one command, made of commands that a user could type one by one.
#pragma once

#include <cstdint>
#include <string>

#include "labs/run.h"
#include "pipeline/data.h"
#include "pipeline/run.h"

namespace ingot::labs {

struct LabOptions : pipeline::DataOptions {
  std::string lab, out, from, rows, sizes;
  bool report = false, quick = false;
  // 0: as the data's recipe says.
  std::int64_t pieces = 0, length = 0, batch = 0, epochs = 0;
  double learning_rate = 0, tuning_rate = 0;
  int jobs = 0, seeds = 1;
  std::int64_t trials = 0, trial_steps = 0, trial_length = 0;
  double trial_rate = 0;
  std::string trial_precision = "float32";
};

// What the commands of a lab are run by and with.
struct Terminal {
  RunCommand run_command;
  int threads = 0;
  bool quiet = false;
};

// Of lab "all" every lab in its own folder of options.out. Else it does the rows that are asked for and not done, and
// writes table, figure and result into options.out. Throws Error for wrong options or a folder of another experiment
// before any work, and Failure, after the report, if a row failed.
void run_lab(const LabOptions& o, const pipeline::Run& run, const Terminal& terminal, const pipeline::Finish& finish);

}  // namespace ingot::labs
