// Searches that mpirun starts: each rank runs trials of one study, as processes do that share a folder or a server. The
// first one begins the search and ends it, the others run trials and say nothing.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/base/ranks.h"

namespace ingot::pipeline {

class SearchRanks {
 public:
  // From now on this process works alone: ranks share trials, and not the steps of one.
  SearchRanks() : ranks_(engine::leave_ranks()) {}

  int size() const { return ranks_->size(); }
  bool is_first() const { return ranks_->is_first(); }

  // The options as this rank follows them. A rank but the first waits here until the search has begun, to join it.
  template <class Options>
  Options of_rank(Options options) {
    check_jobs(options.search.jobs);
    if (is_first()) return options;
    await_begin(options.out);
    options.resume = true;
    return options;
  }

  // By the first rank: the study is there. `journal`: its file, empty if a server keeps it.
  void begin(const std::filesystem::path& journal);

  // By all: no trial is left here. The first one waits for the others, which end by throwing Ended.
  void end();

 private:
  void check_jobs(int n_jobs) const;
  void await_begin(const std::filesystem::path& out);

  std::unique_ptr<engine::Ranks> ranks_;
};

}  // namespace ingot::pipeline
