// A study: it asks a sampler for trials, keeps what comes of them in a storage, and knows the best.
//
//   Study study({.directions = {Direction::minimize}, .sampler = "tpe"});
//   study.optimize([](Trial& trial) { const double x = trial.suggest_float("x", -5, 5); return Losses{x * x}; },
//                  {.trials = 100});
//
// A parameter exists once an objective has asked for it, so a space may depend on values drawn before. The same seed
// gives the same trials, with any number of jobs for one batch width, and also when a search was killed and goes on.
//
// To add a sampler: its file in samplers/, which derives from Sampler, and its line in samplers/list.cc. To add a
// storage: its file in storage/, which derives from Storage, and its line in storage/list.cc, which says what in
// StudyOptions asks for it. A pruner: the same in pruners/. The .cc files are listed in meson.build.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/io/json.h"
#include "search/pruners/pruner.h"
#include "search/samplers/sampler.h"
#include "search/samplers/space.h"
#include "search/storage/storage.h"
#include "search/storage/study_options.h"
#include "search/trial.h"

namespace ingot::search {

struct Budget {
  int trials = std::numeric_limits<int>::max();              // of the study in all, those of earlier runs included
  double seconds = std::numeric_limits<double>::infinity();  // of this call; a trial that runs is let end
  int jobs = 1;                                              // threads that run objectives; at most the batch is busy
  std::function<void(const TrialRecord&)> told;              // called after each trial, in order of their numbers
};

// One value for each direction. NaN: the trial failed.
using Objective = std::function<std::vector<double>(Trial&)>;

class Study {
 public:
  explicit Study(StudyOptions options, std::unique_ptr<Pruner> pruner = nullptr);  // pruner: else by options.pruner
  ~Study();

  // The next trial: one that a killed process left unfinished, an enqueued one, or a new one.
  Trial ask();

  // Ends a trial. Values with a NaN let it fail. False if another process had ended it before.
  bool tell(Trial& trial, const std::vector<double>& values);
  bool tell_pruned(Trial& trial);
  bool tell_failed(Trial& trial, const std::string& reason);

  // A trial with these parameters is run before any is drawn; what it leaves open is drawn. Items of lists as such.
  void enqueue(const std::map<std::string, Choice>& parameters);

  // Runs trials until the budget is spent or the sampler has nothing left. A trial fails where the objective throws,
  // except for Error, Failure and Interrupted: they end the search, and the trial is run again when it is resumed.
  void optimize(const Objective& objective, const Budget& budget);

  // Copies of what is known. best(): of one objective, complete, feasible, the first of equals; throws Error if none
  // is.
  std::vector<TrialRecord> trials();
  TrialRecord best();
  std::vector<TrialRecord> pareto_front();

  // Shows what is known without a copy, which of thousands of trials takes longer than a short trial. `visit` must not
  // ask the study anything.
  void look(const std::function<void(const History&)>& visit);

  const StudyOptions& options() const { return options_; }

 private:
  friend class Trial;

  const History& history() const { return storage_->history(); }
  View view_of(int number);

  // asking and telling
  std::optional<Trial> try_ask(int most_trials, std::optional<int> batch);
  std::optional<int> claim(int most_trials, std::optional<int> batch);
  bool finish(ActiveTrial& active, State state, const std::vector<double>& values);

  // what a Trial does (trial.cc)
  double suggest(ActiveTrial& active, const std::string& name, const Distribution& distribution);
  double draw(ActiveTrial& active, const std::string& name, const Distribution& distribution);
  void draw_joint(ActiveTrial& active);
  void check_labels(const std::string& name, const Distribution& distribution);
  void settle(ActiveTrial& active, const std::vector<double>& constraints);
  const TrialRecord* find_duplicate(const ActiveTrial& active);
  void report(ActiveTrial& active, double value, std::int64_t step);
  bool should_prune(ActiveTrial& active);
  void set_user_attr(ActiveTrial& active, const std::string& key, const engine::Json& value);
  using Attributes = std::vector<std::pair<std::string, engine::Json>>;
  void keep(const ActiveTrial& active, const Attributes& attributes);

  // running (optimize.cc)
  bool await_free();
  std::vector<Trial> ask_batch(int most_trials);
  void run_batch(std::vector<Trial>& batch, const Objective& objective, int jobs);
  void run(Trial& trial, const Objective& objective);

  StudyOptions options_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<Pruner> pruner_;
  std::mutex mutex_;
  std::unique_ptr<Storage> storage_;
  std::set<int> held_;         // numbers of the trials that this process runs
  std::size_t n_settled_ = 0;  // trials 0 .. n_settled_ - 1 are finished, and stay so
  Walk walk_;
  std::unordered_map<std::string, int> complete_;  // configuration to the first complete trial that has it
};

}  // namespace ingot::search
