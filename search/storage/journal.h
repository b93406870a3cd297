// A study in a journal, which processes share, Optuna's among them (its JournalStorage).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "search/storage/record_log.h"
#include "search/storage/record_writer.h"
#include "search/storage/replay.h"
#include "search/storage/storage.h"

namespace ingot::search {

// Every function does what Storage says. The journal is the truth: what is appended is read back before it counts,
// except for what a running trial does, which this process knows before it is written.
class JournalStorage : public Storage {
 public:
  // Opens or makes the study in the log. `worker`: this process in records. Throws Error if the log is no journal or
  // the study another.
  JournalStorage(std::unique_ptr<RecordLog> log, std::string worker, const StudyOptions& options);

  const History& history() const override { return replay_.history(); }
  void sync() override;
  void exclusively(const std::function<void()>& work) override;
  void set_study_system_attribute(const std::string& key, const engine::Json& value) override;

  int create_trial() override;
  void start_trial(int number) override;
  bool is_free(const TrialRecord& trial) const override;
  bool await_free() override;
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
  void flush(int number) override;

 private:
  void open_study(const StudyOptions& options);
  void check_study(const StudyOptions& options) const;
  void append(const std::string& lines);  // and reads it back; exclusively

  History& known() { return replay_.history(); }
  TrialRecord& trial(int number) { return known().trials[static_cast<std::size_t>(number)]; }
  int id(int number) const { return replay_.trial(number); }  // in the log

  std::unique_ptr<RecordLog> log_;
  std::string worker_;  // this process in records
  RecordWriter writer_;
  Replay replay_;
  std::function<bool(int number)> is_abandoned_;
  std::map<int, std::string> pending_;  // records of trials that are still to be appended
};

}  // namespace ingot::search
