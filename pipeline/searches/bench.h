// ingot search bench: samplers on problems in closed form, or on what a search has measured.
#pragma once

#include <string>

#include "pipeline/run.h"
#include "pipeline/searches/options.h"

namespace ingot::pipeline {

struct BenchOptions : SearchOptions {
  BenchOptions() {
    duplicates = "evaluate";
    trials = 100;
    startup = 10;
    jobs = 1;
  }
  std::string problem, table, stream, journal, study = "bench";
  bool ordinal = false, regret = false;
  int seeds = 20;
  int batch = 0;  // 0: the jobs
};

// One search, or with --regret or --table all samplers over seeds. Throws Error for options that do not go together.
void bench_samplers(const BenchOptions& o, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline
