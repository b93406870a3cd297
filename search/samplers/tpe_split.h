// Which trials TPE calls good: the best tenth. Optuna's order of complete, pruned and infeasible trials.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "search/samplers/sampler.h"
#include "search/samplers/space.h"

namespace ingot::search {

struct Split {
  std::vector<int> good, bad;   // numbers, ascending; trials that run count as bad
  std::vector<double> weights;  // of the good, with several objectives; empty: by age
  int n_finished = 0;           // complete and pruned ones
};

class TpeSplit {
 public:
  explicit TpeSplit(TpeRules rules) : rules_(rules) {}
  const Split& of(const View& view);

 private:
  void add(const TrialRecord& trial, const History& history);
  std::vector<int> best_complete(const View& view, std::size_t count);

  using Rank = std::pair<double, double>;  // smaller is better
  TpeRules rules_;
  Walk walk_;
  std::vector<int> all_;
  std::vector<std::pair<Rank, int>> complete_, pruned_, infeasible_;  // with their numbers
  Split split_;
  std::uint64_t revision_ = ~std::uint64_t{0};
  int number_ = -1, bound_ = -1;
};

}  // namespace ingot::search
