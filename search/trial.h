// A trial that is running: where an objective asks for its parameters and reports how it goes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/io/json.h"
#include "search/history/record.h"

namespace ingot::search {

class Study;
struct ActiveTrial;

// Thrown by an objective to end its trial early, as should_prune() advised.
struct Pruned {};

// What Optuna takes by keyword. Not both: a logarithmic range has no step.
struct FloatRange {
  double step = 0;  // 0: every number of the range
  bool log = false;
};
struct IntRange {
  std::int64_t step = 1;
  bool log = false;
};

class Trial {
 public:
  Trial(Trial&&) noexcept;
  Trial& operator=(Trial&&) = delete;
  ~Trial();  // a trial that was not told is run again by the next ask

  int number() const;

  // Parameters, in Optuna's words. Both ends belong to a range. A name asked for again has the value that it has. Each
  // throws Error for an empty range or list, a step that does not divide the range, a logarithmic range with a step or
  // that is not positive, and a name that is another kind of parameter in this study.
  double suggest_float(const std::string& name, double low, double high, FloatRange range = {});
  std::int64_t suggest_int(const std::string& name, std::int64_t low, std::int64_t high, IntRange range = {});
  template <class T>
  T suggest_categorical(const std::string& name, const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(suggest(name, Distribution::categorical(as_choices(choices))))];
  }

  // What Optuna has no word for: an item of a list in which neighbours are alike, and any distribution, the value as
  // Distribution holds it.
  double suggest(const std::string& name, const Distribution& distribution);
  template <class T>
  T suggest_ordinal(const std::string& name, const std::vector<T>& items) {
    return items[static_cast<std::size_t>(suggest(name, Distribution::ordinal(as_choices(items))))];
  }

  // Says that all parameters are known; to be called before the expensive part and before the first report. If a
  // constraint is above 0, or if the study treats duplicates and has this configuration already, the trial ends here by
  // an exception that Study::optimize catches. The objective may then be called again with other parameters.
  void settle(const std::vector<double>& constraints = {});

  // Constraints that are known only after the evaluation: above 0, the trial is complete but infeasible.
  void set_constraints(const std::vector<double>& constraints);

  // An intermediate value of the objective; a step that was reported keeps its first value. step >= 0.
  void report(double value, std::int64_t step);
  bool should_prune();

  void set_user_attr(const std::string& key, const engine::Json& value);  // kept with the trial

  TrialRecord record() const;  // a copy

 private:
  friend class Study;
  explicit Trial(std::unique_ptr<ActiveTrial> active);

  template <class T>
  static std::vector<Choice> as_choices(const std::vector<T>& items) {
    std::vector<Choice> choices;
    for (const T& item : items) {
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        choices.emplace_back(static_cast<std::int64_t>(item));
      } else if constexpr (std::is_floating_point_v<T>) {
        choices.emplace_back(static_cast<double>(item));
      } else {
        choices.emplace_back(item);
      }
    }
    return choices;
  }

  std::unique_ptr<ActiveTrial> active_;
};

}  // namespace ingot::search
