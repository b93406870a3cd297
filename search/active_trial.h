// A trial between ask and tell, as Study and Trial share it. Not for users.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/io/json.h"
#include "search/history/record.h"

namespace ingot::search {

class Study;

struct ActiveTrial {
  Study& study;
  const TrialRecord& record;                    // in the study's history
  engine::Rng rng;                              // the trial's own numbers
  std::map<std::string, double> kept = {};      // parameters of an earlier run of this trial
  engine::Json fixed = engine::Json::object();  // enqueued parameters, as written
  std::map<std::string, double> joint = {};     // values drawn together
  bool has_joint = false;
  int n_drawn = 0;     // parameters that the sampler chose
  int n_attempts = 1;  // configurations drawn so far
  bool is_settled = false, is_told = false;
};

// Thrown by settle(): the objective is to be called again with new parameters, or the trial is over.
struct DrawAgain {};
struct Ended {
  State state;
  std::vector<double> values;
};

}  // namespace ingot::search
