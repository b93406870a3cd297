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
#include "search/record.h"

namespace ingot::search {

class Study;
struct ActiveTrial;

// Thrown by an objective to end its trial early, as should_prune() advised.
struct Pruned {};

class Trial {
 public:
  Trial(Trial&&) noexcept;
  Trial& operator=(Trial&&) = delete;
  ~Trial();  // a trial that was not told is run again by the next ask

  int number() const;

  // Parameters, as Distribution describes them. A name asked for again has the value that it has.
  double suggest_real(const std::string& name, double low, double high, double step = 0);
  double suggest_log_real(const std::string& name, double low, double high);
  std::int64_t suggest_integer(const std::string& name, std::int64_t low, std::int64_t high, std::int64_t step = 1);
  std::int64_t suggest_log_integer(const std::string& name, std::int64_t low, std::int64_t high);
  double suggest(const std::string& name, const Distribution& distribution);  // as Distribution holds values

  // One of the items: without an order, or of a list in which neighbours are alike.
  template <class T>
  T suggest_choice(const std::string& name, const std::vector<T>& items) {
    return items[static_cast<std::size_t>(suggest(name, Distribution::categorical(as_choices(items))))];
  }
  template <class T>
  T suggest_ordinal(const std::string& name, const std::vector<T>& items) {
    return items[static_cast<std::size_t>(suggest(name, Distribution::ordinal(as_choices(items))))];
  }

  // All parameters are known. Ends the trial here, by an exception that Study::optimize catches, if a constraint is
  // above 0 or if the study answers duplicates and has this configuration: before anything is paid for it. An objective
  // may then be called again with other parameters. Call it before the first report.
  void settle(const std::vector<double>& constraints = {});

  // Constraints that are known only after the evaluation: above 0, the trial is complete but infeasible.
  void set_constraints(const std::vector<double>& constraints);

  // An intermediate value of the objective; a step that was reported keeps its first value. step >= 0.
  void report(std::int64_t step, double value);
  bool should_prune();

  void set_attribute(const std::string& key, const engine::Json& value);  // kept with the trial

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
