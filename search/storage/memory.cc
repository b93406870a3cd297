#include "search/storage/memory.h"

namespace ingot::search {

void MemoryStorage::set_study_system_attribute(const std::string& key, const engine::Json& value) {
  history_.system_attributes[key] = value;
}

int MemoryStorage::add(State state) {
  const int number = static_cast<int>(history_.trials.size());
  history_.trials.push_back({.number = number, .state = state});
  ++history_.revision;
  return number;
}

int MemoryStorage::create_trial() { return add(State::running); }

void MemoryStorage::start_trial(int number) {
  trial(number).state = State::running;
  restart(trial(number));
  ++history_.revision;
}

void MemoryStorage::enqueue_trial(const engine::Json& parameters) {
  trial(add(State::waiting)).system_attributes["fixed_params"] = parameters;
}

bool MemoryStorage::finish_trial(int number, State state, const std::vector<double>& values) {
  trial(number).state = state;
  trial(number).values = values;
  ++history_.revision;
  return true;
}

void MemoryStorage::check_compatible(const std::string& name, const Distribution& distribution) {
  history_.check_compatible(name, distribution);
}

void MemoryStorage::set_trial_parameter(int number, const std::string& name, const Distribution& distribution,
                                        double value) {
  trial(number).parameters[name] = {value, history_.intern(distribution)};
}

void MemoryStorage::set_trial_joint(int number, const std::map<std::string, double>& values) {
  trial(number).joint = values;
}

void MemoryStorage::set_trial_report(int number, std::int64_t step, double value) {
  trial(number).reports.emplace(step, value);
}

void MemoryStorage::set_trial_user_attribute(int number, const std::string& key, const engine::Json& value) {
  trial(number).user_attributes[key] = value;
}

void MemoryStorage::set_trial_system_attribute(int number, const std::string& key, const engine::Json& value) {
  if (history_.set_system_attribute(trial(number), key, value)) history_.derive(trial(number));
}

void MemoryStorage::discard(int number) { trial(number).parameters.clear(); }

}  // namespace ingot::search
