// What parameters can be modelled together, as the trials so far show it.
#pragma once

#include <vector>

#include "search/history/record.h"
#include "search/samplers/parzen.h"

namespace ingot::search {

using Space = std::vector<Parzen::Axis>;  // by name

// Shows the complete and pruned trials of a growing view one by one, in order of their numbers.
class Walk {
 public:
  // Calls add(trial) for each trial that was not shown before. If a trial has ended after a later one was shown, or if
  // the view is narrower than the last one, reset() is called first and all trials are shown again.
  template <class Reset, class Add>
  void run(const View& view, const Reset& reset, const Add& add) {
    if (is_broken(view)) {
      next_ = 0;
      open_.clear();
      reset();
    }
    for (; next_ < view.bound; ++next_) {
      const TrialRecord& trial = view.history.trials[static_cast<std::size_t>(next_)];
      if (!trial.is_finished()) open_.push_back(next_);
      if (trial.state == State::complete || trial.state == State::pruned) add(trial);
    }
  }

  // Numbers passed by because those trials were not finished.
  const std::vector<int>& open() const { return open_; }

 private:
  bool is_broken(const View& view);

  int next_ = 0;
  std::vector<int> open_;
};

// The parameters that all trials have with the same distribution (intersection), or the parts into which the trials
// divide all parameters so that each trial is a union of parts (groups). Without those of a single value.
class JointSpaces {
 public:
  explicit JointSpaces(bool groups) : groups_(groups) {}
  const std::vector<Space>& of(const View& view);

 private:
  void add(const TrialRecord& trial);

  bool groups_;
  bool is_first_ = true;
  Walk walk_;
  std::vector<std::map<std::string, std::shared_ptr<const Distribution>>> parts_;
  std::vector<Space> spaces_;
  bool is_changed_ = true;
};

}  // namespace ingot::search
