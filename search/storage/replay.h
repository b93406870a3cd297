// Reads the records of an Optuna journal, as record_writer.h writes them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/io/json.h"
#include "search/history/record.h"

namespace ingot::search {

// Follows a journal and keeps the history of the study of one name. Trials are named by their place among those of all
// studies in the file, as in the journal.
class Replay {
 public:
  // `log` and `unit` name a record in messages: "LOG: UNIT 7".
  Replay(std::string log, std::string unit, std::string study)
      : log_(std::move(log)), unit_(std::move(unit)), study_(std::move(study)) {}

  // Throws Error, with log and number, for what is not a record or does not fit those before it.
  void apply(std::string_view line, std::int64_t number);

  // To be called after the last of several lines: what follows from all attributes of a trial is found out once.
  void settle();

  // From now on the study must not be deleted: trials of it are held.
  void hold() { is_held_ = true; }

  int study() const { return study_id_; }  // -1 while there is none of the name
  int trial(int number) const { return ids_[static_cast<std::size_t>(number)]; }
  History& history() { return history_; }
  const History& history() const { return history_; }

 private:
  void apply_record(const engine::Json& record);
  void create_study(const engine::Json& record);
  void delete_study(std::size_t study);
  void set_study_attributes(const engine::Json& attributes);
  void create_trial(const engine::Json& record);
  void set_whole(TrialRecord& trial, const engine::Json& record);
  void set_parameter(TrialRecord& trial, const engine::Json& record);
  void set_state(TrialRecord& trial, const engine::Json& record);
  void set_trial_attributes(TrialRecord& trial, const engine::Json& attributes);
  TrialRecord* find_trial(const engine::Json& record);
  Distribution distribution_of(const std::string& name, const engine::Json& text);
  Parameter parameter_of(const std::string& name, const engine::Json& value, const engine::Json& distribution);

  struct Place {
    int study, number;
  };
  std::string log_, unit_, study_;
  int study_id_ = -1;
  bool is_held_ = false;
  std::vector<std::string> studies_;                           // names; empty once deleted
  std::unordered_set<std::string> living_;                     // names of those that are not deleted
  std::vector<Place> trials_;                                  // of all studies
  std::vector<int> n_trials_;                                  // of each study
  std::vector<int> ids_;                                       // of this study's trials
  std::map<std::string, Distribution, std::less<>> ordinals_;  // as the study's attributes tell their labels
  std::set<int> stale_;                                        // trials with attributes that were not looked at
  History history_;
};

}  // namespace ingot::search
