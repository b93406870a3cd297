// A study of this process alone, which ends with it. There are no others: nothing is read, written or waited for.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "search/storage/storage.h"

namespace ingot::search {

// Every function does what Storage says. None throws more than check_compatible() and set_trial_system_attribute() do.
class MemoryStorage : public Storage {
 public:
  explicit MemoryStorage(const StudyOptions& options) { history_.directions = options.directions; }

  const History& history() const override { return history_; }
  void sync() override {}
  void exclusively(const std::function<void()>& work) override { work(); }
  void set_study_system_attribute(const std::string& key, const engine::Json& value) override;

  int create_trial() override;
  void start_trial(int number) override;
  bool is_free(const TrialRecord&) const override { return true; }
  bool await_free() override { return false; }
  void enqueue_trial(const engine::Json& parameters) override;
  bool finish_trial(int number, State state, const std::vector<double>& values) override;

  void check_compatible(const std::string& name, const Distribution& distribution) override;
  void set_trial_parameter(int number, const std::string& name, const Distribution& distribution,
                           double value) override;
  void set_trial_joint(int number, const std::map<std::string, double>& values) override;
  void set_trial_report(int number, std::int64_t step, double value) override;
  void set_trial_user_attribute(int number, const std::string& key, const engine::Json& value) override;
  void set_trial_system_attribute(int number, const std::string& key, const engine::Json& value) override;
  void discard(int number) override;
  void flush(int) override {}

 private:
  TrialRecord& trial(int number) { return history_.trials[static_cast<std::size_t>(number)]; }
  int add(State state);

  History history_;
};

}  // namespace ingot::search
