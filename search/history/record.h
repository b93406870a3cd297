// What a study remembers: its trials, and how much of them one trial may learn from.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/io/json.h"
#include "search/history/distribution.h"

namespace ingot::search {

enum class Direction { minimize = 1, maximize = 2 };              // numbers as in journals
enum class State { running, complete, pruned, failed, waiting };  // numbers as in journals

const char* name(State state);

struct Parameter {
  double value = 0;  // as Distribution holds it
  std::shared_ptr<const Distribution> distribution;
};

struct TrialRecord {
  int number = 0;
  State state = State::running;
  std::map<std::string, Parameter> parameters;
  std::vector<double> values;              // of the objectives; of a complete trial, never NaN
  std::map<std::int64_t, double> reports;  // intermediate values by step
  engine::Json user_attributes = engine::Json::object();
  engine::Json system_attributes = engine::Json::object();
  std::map<std::string, double> joint;  // of a running trial: values drawn together that it may not have used yet
  double violation = 0;                 // sum of the positive constraints: above 0 the trial is infeasible
  std::string started, completed;       // local time, YYYY-MM-DDTHH:MM:SS.ffffff
  std::string worker;                   // that runs it; empty in a study without a journal

  bool is_finished() const { return state != State::running && state != State::waiting; }
};

// Forgets what an unfinished run of the trial reported; its parameters stay.
void restart(TrialRecord& trial);

struct History {
  std::vector<Direction> directions{Direction::minimize};
  std::deque<TrialRecord> trials;                           // by number
  engine::Json system_attributes = engine::Json::object();  // of the study
  std::uint64_t revision = 0;                               // grows with every change of a trial's state

  // Stores a system attribute of a trial. True if it holds constraints or values drawn together: then derive() must be
  // called, once after many attributes, to read them.
  bool set_system_attribute(TrialRecord& trial, const std::string& key, engine::Json value) const;
  void derive(TrialRecord& trial) const;

  // The distribution shared by all trials that use an equal one, labels included.
  std::shared_ptr<const Distribution> intern(const Distribution& distribution);

  // The distribution as the journal holds it: an ordinal loses its labels if the journal holds it as integers.
  Distribution as_written(const std::string& name, const Distribution& distribution) const;

  // The distribution that another trial has under this name; nullptr if none has.
  const Distribution* known(const std::string& name) const;

  // Every distribution that a name has had is compatible with the first. Throws Error naming both.
  void check_compatible(const std::string& name, const Distribution& distribution);

  std::set<std::string, std::less<>> indexed;  // ordinals that an older journal holds as integers

 private:
  struct Hash {
    std::size_t operator()(const std::shared_ptr<const Distribution>& d) const { return hash_of(*d); }
  };
  struct Same {
    bool operator()(const std::shared_ptr<const Distribution>& a, const std::shared_ptr<const Distribution>& b) const {
      return *a == *b && a->choices == b->choices;
    }
  };
  std::unordered_set<std::shared_ptr<const Distribution>, Hash, Same> distributions_;
  std::map<std::string, std::shared_ptr<const Distribution>, std::less<>> first_;
};

// What trial `number` may learn from: the finished trials with numbers below `bound`. Trials from `bound` up to its own
// number count as running, finished or not. So trials that run side by side do not depend on which of them ends first.
struct View {
  const History& history;
  int number;
  int bound;

  bool is_visible(const TrialRecord& t) const { return t.number < bound && t.is_finished(); }
  bool is_running(const TrialRecord& t) const {
    return t.number < number && (t.state == State::running || (t.number >= bound && t.is_finished()));
  }
};

// a is at least as good as b in every objective and better in one. Values of one study's objectives.
bool dominates(std::span<const double> a, std::span<const double> b, std::span<const Direction> directions);

}  // namespace ingot::search
