#include "search/storage/journal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "engine/base/error.h"
#include "search/history/json.h"
#include "search/storage/worker.h"

namespace ingot::search {
namespace {

using engine::require;

constexpr const char* kIdentity = "ingot:identity";
constexpr const char* kMetricNames = "study:metric_names";  // Optuna's
constexpr const char* kJoint = "tpe:relative_params:0";     // Optuna's

std::string words(const std::vector<Direction>& directions) {
  std::vector<const char*> names;
  for (const Direction d : directions) names.push_back(d == Direction::minimize ? "minimize" : "maximize");
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

JournalStorage::JournalStorage(std::unique_ptr<RecordLog> log, std::string worker, const StudyOptions& options)
    : log_(std::move(log)),
      worker_(std::move(worker)),
      writer_(worker_),
      replay_(log_->name(), log_->unit(), options.name),
      is_abandoned_(options.is_abandoned) {
  exclusively([&] { open_study(options); });
  check_study(options);
  replay_.hold();
}

void JournalStorage::open_study(const StudyOptions& options) {
  if (replay_.study() < 0) append(writer_.create_study(options.name, options.directions));
  const engine::Json& attributes = known().system_attributes;
  if (known().trials.empty() && !attributes.contains(kIdentity) && !options.identity.empty()) {
    append(writer_.study_attribute(replay_.study(), kIdentity, options.identity));
  }
  if (!options.metric_names.empty() && !attributes.contains(kMetricNames)) {
    append(writer_.study_attribute(replay_.study(), kMetricNames, options.metric_names));
  }
}

void JournalStorage::check_study(const StudyOptions& options) const {
  require(history().directions == options.directions, "{}: study {} is to {}, not to {}", log_->name(), options.name,
          words(history().directions), words(options.directions));
  const auto identity = history().system_attributes.find(kIdentity);
  if (identity == history().system_attributes.end() || !identity->is_object()) return;
  for (const auto& [key, value] : options.identity.items()) {
    const auto found = identity->find(key);
    if (found == identity->end() || *found == value) continue;  // an older study may lack what is newer
    engine::fail("{}: study {} was started with {} {}, not {}", log_->name(), options.name, key, found->dump(),
                 value.dump());
  }
}

void JournalStorage::sync() {
  log_->read([this](std::string_view line, std::int64_t number) { replay_.apply(line, number); });
  replay_.settle();
}

void JournalStorage::append(const std::string& lines) {
  log_->append(lines);
  sync();
}

void JournalStorage::exclusively(const std::function<void()>& work) {
  log_->exclusively([&] {
    sync();
    work();
  });
}

// Not read back: a trial that asks for a parameter learns nothing new meanwhile.
void JournalStorage::set_study_system_attribute(const std::string& key, const engine::Json& value) {
  known().system_attributes[key] = value;
  log_->append(writer_.study_attribute(replay_.study(), key, value));
}

int JournalStorage::create_trial() {
  const std::size_t number = known().trials.size();
  append(writer_.create_trial(replay_.study()));
  require(known().trials.size() > number, "{}: lost trial {}", log_->name(), number);
  return static_cast<int>(number);
}

void JournalStorage::start_trial(int number) {
  append(writer_.start(id(number)));
  restart(trial(number));
  pending_.erase(number);
}

bool JournalStorage::is_free(const TrialRecord& trial) const {
  if (trial.worker == worker_ || log_->is_gone(trial.worker)) return true;
  const bool is_elsewhere = is_ingot_worker(trial.worker) && !is_local_worker(trial.worker);
  return is_elsewhere && is_abandoned_ && is_abandoned_(trial.number);
}

bool JournalStorage::await_free() {
  return log_->await_gone([this] {
    sync();
    std::set<std::string> workers;
    for (const TrialRecord& t : history().trials) {
      if (t.state == State::running && t.worker != worker_ && is_ingot_worker(t.worker)) workers.insert(t.worker);
    }
    return workers;
  });
}

void JournalStorage::enqueue_trial(const engine::Json& parameters) {
  exclusively([&] { append(writer_.enqueue_trial(replay_.study(), parameters)); });
}

bool JournalStorage::finish_trial(int number, State state, const std::vector<double>& values) {
  bool is_ours = false;
  exclusively([&] {
    const TrialRecord& t = trial(number);
    // Called again, it may find that its first call had succeeded all the same: a connection was lost.
    const bool is_done = is_ours && t.state == state;
    is_ours = t.worker == worker_ && (is_done || !t.is_finished());
    if (is_ours && !is_done) append(pending_[number] + writer_.finish(id(number), state, values));
  });
  pending_.erase(number);
  return is_ours;
}

void JournalStorage::check_compatible(const std::string& name, const Distribution& distribution) {
  known().check_compatible(name, distribution);
}

void JournalStorage::set_trial_parameter(int number, const std::string& name, const Distribution& distribution,
                                         double value) {
  trial(number).parameters[name] = {value, known().intern(distribution)};
  pending_[number] += writer_.parameter(id(number), name, known().as_written(name, distribution), value);
}

void JournalStorage::set_trial_joint(int number, const std::map<std::string, double>& values) {
  trial(number).joint = values;
  if (values.empty()) return;
  engine::Json written = engine::Json::object();
  for (const auto& [name, value] : values) {
    const Distribution* d = known().known(name);
    if (d != nullptr) written[name] = written_value(known().as_written(name, *d), value);
  }
  set_trial_system_attribute(number, kJoint, written.dump({.ascii = true}));
}

void JournalStorage::set_trial_report(int number, std::int64_t step, double value) {
  if (!trial(number).reports.emplace(step, value).second) return;
  pending_[number] += writer_.report(id(number), step, value);
}

void JournalStorage::set_trial_user_attribute(int number, const std::string& key, const engine::Json& value) {
  trial(number).user_attributes[key] = value;
  pending_[number] += writer_.user_attribute(id(number), key, value);
}

void JournalStorage::set_trial_system_attribute(int number, const std::string& key, const engine::Json& value) {
  if (known().set_system_attribute(trial(number), key, value)) known().derive(trial(number));
  pending_[number] += writer_.system_attribute(id(number), key, value);
}

void JournalStorage::discard(int number) {
  trial(number).parameters.clear();
  pending_.erase(number);
}

void JournalStorage::flush(int number) {
  const auto pending = pending_.find(number);
  if (pending == pending_.end()) return;
  log_->append(pending->second);
  pending_.erase(pending);
}

}  // namespace ingot::search
