// Options that all searches share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search/study.h"

namespace ingot::pipeline {

struct SearchOptions {
  std::string sampler = "tpe", rules = "optuna5", duplicates = "resample", storage;
  bool univariate = false, multivariate = false, group = false;
  int trials = 10, candidates = 24;
  int jobs = 0;        // 0: one in `bench`, else as many as usual_jobs() says
  int startup = -1;    // negative: a third of the trials, at most 10
  double seconds = 0;  // 0: no limit
};

// Sampler, duplicates and storage; throws Error for a word that is none of an option's.
search::StudyOptions study_options(const SearchOptions& options, std::uint64_t seed);

// What optimize() is given: trials and seconds.
search::Budget budget_of(const SearchOptions& options);

// The items of a list such as "2,4,8" or "linear,identity", each once. Throws Error naming the option.
std::vector<std::string> items_of(const char* option, const std::string& list);
std::vector<std::int64_t> integers_of(const char* option, const std::string& list, std::int64_t least,
                                      std::int64_t most);

}  // namespace ingot::pipeline
