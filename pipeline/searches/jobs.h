// Trials of a search side by side. A job is a process of this program that joins the search in its folder, as any other
// process may, and runs one trial at a time on its share of the threads. So trials of different length do not wait for
// each other, and a job that dies costs what its trial had done since its last save: another job goes on with it.
//
// Which results a sampler has seen when it draws depends on which trial ends first: with several jobs, TPE may draw
// other trials each time.
#pragma once

#include <functional>
#include <string>

#include "pipeline/run.h"

namespace ingot::pipeline {

// How many jobs suit so many threads and trials. A second thread does nearly as much for a trial as it would for
// another one, each further one does less; and a sampler that waits for few results draws blindly.
int usual_jobs(int n_threads, int n_trials);

// Whether this process is a job that another one started: it runs trials and leaves the rest to that one.
bool is_job();

struct Jobs {
  int count = 1;
  std::string out;                  // the folder of the search
  std::string storage;              // the server that keeps the study; empty: the folder does
  double seconds = 0;               // after which no trial begins; 0: no limit
  std::function<void()> look = {};  // called each second meanwhile
};

// Runs jobs of the search `run` until all have ended. What one says, and how one fails, goes to standard error. An
// interrupt is passed on to them.
void run_jobs(const Run& run, const Jobs& jobs);

}  // namespace ingot::pipeline
