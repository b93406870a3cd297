// A journal is a list of changes that several programs append to, Optuna among them, so what is read may be wrong or
// made by rules that are not ours. Replay applies one record after another and checks each against what came before: a
// damaged study ends in an Error with file and line, and not in a search that goes on from wrong numbers.
//
// Trials of other studies in the same file are only counted, since records name trials by their place among all of
// them. What follows from attributes (constraints, values drawn together) is found out once for many records, in
// settle(): a trial may have many attributes, and each would repeat the work.
#include "search/storage/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/error.h"
#include "engine/io/json.h"
#include "search/history/json.h"
#include "search/storage/record_writer.h"
#include "search/storage/worker.h"

namespace ingot::search {
namespace {

using engine::fail;
using engine::Json;
using engine::require;

const Json& field(const Json& object, const char* key) {
  const auto found = object.find(key);
  require(found != object.end(), "has no {}", key);
  return *found;
}

std::int64_t integer(const Json& object, const char* key) {
  const Json& value = field(object, key);
  require(value.is_number_integer(), "{} must be an integer", key);
  return value.get<std::int64_t>();
}

std::string string(const Json& object, const char* key) {
  const Json& value = field(object, key);
  require(value.is_string(), "{} must be a text", key);
  return value.get<std::string>();
}

const Json& object(const Json& parent, const char* key) {
  const Json& value = field(parent, key);
  require(value.is_object(), "{} must be an object", key);
  return value;
}

// The value of a field that may be missing or null.
std::string optional_string(const Json& parent, const char* key) {
  const auto found = parent.find(key);
  return found == parent.end() || found->is_null() ? "" : string(parent, key);
}

State state_of(const Json& record) {
  const std::int64_t state = integer(record, "state");
  require(state >= 0 && state <= 4, "state must be 0 to 4, got {}", state);
  return static_cast<State>(state);
}

std::vector<double> values_of(const Json& record) {
  std::vector<double> values;
  const auto several = record.find("values");
  if (several != record.end() && several->is_array()) {
    for (const Json& value : *several) values.push_back(to_number(value, "values"));
  } else if (record.contains("value") && !record["value"].is_null()) {
    values.push_back(to_number(record["value"], "value"));
  }
  return values;
}

// What a trial that is over must have: numbers for every objective.
void check_values(const TrialRecord& trial, const History& history) {
  if (trial.state != State::complete) return;
  require(trial.values.size() == history.directions.size(), "a complete trial must have {} values, has {}",
          history.directions.size(), trial.values.size());
  require(std::none_of(trial.values.begin(), trial.values.end(), [](double x) { return std::isnan(x); }),
          "a value of a complete trial must not be NaN");
}

// Whether a worker wrote this that had lost the trial to another, and did not know it yet.
bool is_late(const Json& record, const TrialRecord& trial) {
  if (trial.state != State::running || !is_ingot_worker(trial.worker)) return false;
  const std::string worker = optional_string(record, "worker_id");
  return worker != trial.worker && is_ingot_worker(worker);
}

std::int64_t step_of(const std::string& text) {
  std::size_t used = 0;
  std::int64_t step = -1;
  try {
    step = std::stoll(text, &used);
  } catch (const std::exception&) {
  }
  require(used == text.size() && used > 0, "a step must be an integer, got '{}'", text);
  return step;
}

}  // namespace

void Replay::apply(std::string_view line, std::int64_t number) {
  const auto subject = [&] { return fmt::format("{}: {} {}", log_, unit_, number); };
  const Json record = parse_python_json(line, subject());
  engine::with_subject(subject, [&] {
    require(record.is_object(), "is no record of a journal");
    apply_record(record);
  });
}

void Replay::apply_record(const Json& record) {
  const std::int64_t op = integer(record, "op_code");
  require(op >= kCreateStudy && op <= kSystemAttribute, "op_code {} is unknown", op);
  if (op == kCreateStudy) return create_study(record);
  if (op == kCreateTrial) return create_trial(record);
  if (op <= kStudySystemAttribute) {
    const std::int64_t study = integer(record, "study_id");
    if (study < 0 || study >= static_cast<std::int64_t>(studies_.size())) return;  // as Optuna does
    if (op == kDeleteStudy) delete_study(static_cast<std::size_t>(study));
    if (op == kStudySystemAttribute && study == study_id_) set_study_attributes(object(record, "system_attr"));
    return;
  }
  TrialRecord* trial = find_trial(record);
  if (trial == nullptr || trial->is_finished()) return;  // what is finished stays
  if (op != kState && is_late(record, *trial)) return;
  if (op == kParameter) set_parameter(*trial, record);
  if (op == kState) set_state(*trial, record);
  if (op == kReport) {
    const std::int64_t step = integer(record, "step");
    trial->reports[step] = to_number(field(record, "intermediate_value"), "intermediate_value");
  }
  if (op == kUserAttribute) trial->user_attributes.update(object(record, "user_attr"));
  if (op == kSystemAttribute) set_trial_attributes(*trial, object(record, "system_attr"));
}

void Replay::settle() {
  for (const int number : stale_) history_.derive(history_.trials[static_cast<std::size_t>(number)]);
  stale_.clear();
}

void Replay::create_study(const Json& record) {
  const std::string name = string(record, "study_name");
  const Json& directions = field(record, "directions");
  require(!name.empty() && directions.is_array() && !directions.empty(), "a study needs a name and directions");
  if (!living_.insert(name).second) return;  // two processes at once
  if (name == study_) {
    history_.directions.clear();
    for (const Json& d : directions) {
      require(d == 1 || d == 2, "a direction must be 1, minimize, or 2, maximize");
      history_.directions.push_back(static_cast<Direction>(d.get<int>()));
    }
    study_id_ = static_cast<int>(studies_.size());
  }
  studies_.push_back(name);
  n_trials_.push_back(0);
}

// A study that is made again under the name of one that was deleted is another: it begins without trials.
void Replay::delete_study(std::size_t study) {
  living_.erase(std::exchange(studies_[study], ""));
  if (static_cast<int>(study) != study_id_) return;
  require(!is_held_, "study '{}' was deleted", study_);
  study_id_ = -1;
  ids_.clear();
  ordinals_.clear();
  stale_.clear();
  history_ = History();
}

void Replay::set_study_attributes(const Json& attributes) {
  constexpr std::string_view kOrdinal = "ingot:ordinal:";
  history_.system_attributes.update(attributes);
  for (const auto& [key, value] : attributes.items()) {
    if (!key.starts_with(kOrdinal)) continue;
    require(value.is_array(), "{} must be a list", key);
    std::vector<Choice> labels;
    for (const Json& label : value) labels.push_back(to_choice(label));
    ordinals_.insert_or_assign(key.substr(kOrdinal.size()), Distribution::ordinal(std::move(labels)));
  }
}

void Replay::set_trial_attributes(TrialRecord& trial, const Json& attributes) {
  for (const auto& [key, value] : attributes.items()) {
    if (history_.set_system_attribute(trial, key, value)) stale_.insert(trial.number);
  }
}

// The distribution in a record. Where the study knows labels of an ordinal, a list of these is that ordinal, and so
// are, in older journals, the integers that index them.
Distribution Replay::distribution_of(const std::string& name, const Json& text) {
  require(text.is_string(), "distribution must be a text");
  Distribution d = from_optuna(text.text());
  const auto ordinal = ordinals_.find(name);
  if (ordinal == ordinals_.end()) return d;
  if (d.kind == Distribution::Kind::integer && ordinal->second == d) {
    history_.indexed.insert(name);
    return ordinal->second;
  }
  return d.choices == ordinal->second.choices ? ordinal->second : d;
}

Parameter Replay::parameter_of(const std::string& name, const Json& value, const Json& distribution) {
  const auto d = history_.intern(distribution_of(name, distribution));
  const double x = to_number(value, "param_value_internal");
  // A number that an objective was given may lie outside the range: Optuna only warns.
  require(d->choices.empty() || d->contains(x), "{} is no index of {}", x, to_string(*d));
  require(d->kind != Distribution::Kind::integer || std::abs(x) <= 0x1p53, "{} of {} must lie within +-2^53", x,
          to_string(*d));
  return {x, d};
}

void Replay::create_trial(const Json& record) {
  const std::int64_t study = integer(record, "study_id");
  if (study < 0 || study >= static_cast<std::int64_t>(studies_.size()) ||
      studies_[static_cast<std::size_t>(study)].empty()) {
    return;
  }
  const int number = n_trials_[static_cast<std::size_t>(study)]++;
  trials_.push_back({static_cast<int>(study), number});
  if (study != study_id_) return;
  ids_.push_back(static_cast<int>(trials_.size()) - 1);
  TrialRecord trial{.number = number, .worker = optional_string(record, "worker_id")};
  trial.started = optional_string(record, "datetime_start");
  trial.completed = optional_string(record, "datetime_complete");
  if (record.contains("state")) set_whole(trial, record);
  history_.trials.push_back(std::move(trial));
  ++history_.revision;
}

// A trial given whole: enqueued, or copied from elsewhere.
void Replay::set_whole(TrialRecord& trial, const Json& record) {
  trial.state = state_of(record);
  trial.values = values_of(record);
  if (record.contains("params")) {
    for (const auto& [key, value] : object(record, "params").items()) {
      const Parameter p = parameter_of(key, value, field(object(record, "distributions"), key.c_str()));
      history_.check_compatible(key, *p.distribution);
      trial.parameters[key] = p;
    }
  }
  if (record.contains("intermediate_values")) {
    for (const auto& [step, value] : object(record, "intermediate_values").items()) {
      trial.reports[step_of(step)] = to_number(value, "intermediate_values");
    }
  }
  if (record.contains("user_attrs")) trial.user_attributes = object(record, "user_attrs");
  if (record.contains("system_attrs")) set_trial_attributes(trial, object(record, "system_attrs"));
  check_values(trial, history_);
}

void Replay::set_parameter(TrialRecord& trial, const Json& record) {
  const std::string name = string(record, "param_name");
  const Parameter p = parameter_of(name, field(record, "param_value_internal"), field(record, "distribution"));
  const Distribution* known = history_.known(name);
  if (known != nullptr && !compatible(*known, *p.distribution)) return;  // as Optuna does: it refused the writer
  history_.check_compatible(name, *p.distribution);
  trial.parameters[name] = p;
}

void Replay::set_state(TrialRecord& trial, const Json& record) {
  const State state = state_of(record);
  const std::string worker = optional_string(record, "worker_id");
  if (state == State::running) {
    // The first claim of a waiting trial counts. A running one goes over only from an ingot that died to another.
    const bool is_taken_over = trial.state == State::running && is_ingot_worker(worker) &&
                               is_ingot_worker(trial.worker) && worker != trial.worker;
    if (trial.state == State::running && !is_taken_over) return;
    trial.worker = worker;
    trial.started = optional_string(record, "datetime_start");
    if (is_taken_over) restart(trial);
  }
  trial.state = state;
  const std::vector<double> values = values_of(record);
  if (!values.empty()) trial.values = values;
  if (trial.is_finished()) trial.completed = optional_string(record, "datetime_complete");
  check_values(trial, history_);
  ++history_.revision;
}

TrialRecord* Replay::find_trial(const Json& record) {
  const std::int64_t id = integer(record, "trial_id");
  require(id >= 0 && id < static_cast<std::int64_t>(trials_.size()), "there is no trial_id {} before it", id);
  const Place place = trials_[static_cast<std::size_t>(id)];
  return place.study == study_id_ ? &history_.trials[static_cast<std::size_t>(place.number)] : nullptr;
}

}  // namespace ingot::search
