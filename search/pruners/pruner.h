// Pruners: whether a trial that reports poor intermediate values goes on. One file each in this folder, and one row in
// list.cc. The rules are Optuna's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/io/json.h"
#include "search/history/record.h"

namespace ingot::search {

// A trial that has just reported: its reports, and the finished trials it is compared with.
struct Report {
  View view;
  const TrialRecord& trial;
  const std::string& study;                                       // name
  std::vector<std::pair<std::string, engine::Json>>& attributes;  // to be stored with the trial

  bool is_minimized() const { return view.history.directions[0] == Direction::minimize; }
};

class Pruner {
 public:
  virtual ~Pruner() = default;
  virtual bool should_prune(Report& report) const = 0;
};

// Prunes a trial whose best value so far is worse than the median of what complete trials reported at this step.
struct MedianOptions {
  double percentile = 50;  // of the values at a step, the best first
  int startup_trials = 5;  // complete ones, before any is pruned
  std::int64_t warmup_steps = 0;
  std::int64_t interval = 1;  // steps between checks, counted from the warm-up
  int min_trials = 1;         // that have reported at the step
};
std::unique_ptr<Pruner> make_median(const MedianOptions& options = {});

// Asynchronous successive halving (Li et al.: A System for Massively Parallel Hyperparameter Tuning, 2020): at steps
// min_resource * reduction^(rung + early_stopping) only the best of every `reduction` trials goes on.
struct HalvingOptions {
  std::int64_t min_resource = 0;  // 0: a hundredth of the steps of the first complete trial, at least 1
  std::int64_t reduction = 4;
  std::int64_t early_stopping = 0;
  std::int64_t bootstrap = 0;  // prunes all until so many trials have reached a rung
};
std::unique_ptr<Pruner> make_halving(const HalvingOptions& options = {});

// Hyperband (Li et al., 2018): successive halving with several first rungs side by side, a bracket of trials each.
struct HyperbandOptions {
  std::int64_t min_resource = 1;
  std::int64_t max_resource = 0;  // 0: one more than the last step of the first complete trial
  std::int64_t reduction = 3;
};
std::unique_ptr<Pruner> make_hyperband(const HyperbandOptions& options = {});

// The rule of both: successive halving among the trials whose numbers `competes` admits.
bool prune_by_halving(Report& report, const HalvingOptions& options, const std::function<bool(int)>& competes);

// The last step of the first complete trial that reported; -1 while there is none.
std::int64_t first_last_step(const View& view);

// A setting of a pruner. It has the name of Optuna's argument.
struct PrunerSetting {
  const char* name;
  double otherwise;  // the default
  bool is_integer = true;
};

struct PrunerKind {
  const char* name;
  const char* summary;
  std::span<const PrunerSetting> settings;
  std::unique_ptr<Pruner> (*make)(std::span<const double> values);  // of the settings, in their order
};
std::span<const PrunerKind> pruner_kinds();

// Its name, and settings in parentheses: "median", "median(n_startup_trials=2,n_warmup_steps=100)".
std::string notation(const PrunerKind& kind);

// The pruner of such a text; null for "none". Throws Error for another name, setting or value.
std::unique_ptr<Pruner> make_pruner(const std::string& text);

}  // namespace ingot::search
