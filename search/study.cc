#include "search/study.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/io/json.h"
#include "search/active_trial.h"
#include "search/history/json.h"

namespace ingot::search {
namespace {

using engine::fail;
using engine::require;

StudyOptions checked(StudyOptions options) {
  require(!options.name.empty(), "study: needs a name");
  require(!options.directions.empty(), "study {}: needs a direction", options.name);
  require(options.metric_names.empty() || options.metric_names.size() == options.directions.size(),
          "study {}: must have as many metric names as directions, {}, got {}", options.name, options.directions.size(),
          options.metric_names.size());
  require(options.first.empty() || options.sampler != "grid", "study {}: a grid has a first trial of its own",
          options.name);
  require(options.batch >= 1, "study {}: the batch must be at least 1 trial, got {}", options.name, options.batch);
  require(options.sampling.stream != StreamKind::numpy ||
              (options.batch == 1 && options.journal.empty() && options.storage.empty()),
          "study {}: NumPy's stream draws one trial at a time and is not kept in journals", options.name);
  require(options.journal.empty() || options.storage.empty(), "study {}: is kept in a file or on a server, not in both",
          options.name);
  try {
    (void)engine::Json(options.name).dump();
  } catch (const engine::JsonError&) {
    fail("study: the name must be UTF-8");
  }
  return options;
}

engine::Json written(const std::map<std::string, Choice>& parameters) {
  engine::Json fixed = engine::Json::object();
  for (const auto& [name, value] : parameters) fixed[name] = to_json(value);
  return fixed;
}

}  // namespace

Study::Study(StudyOptions options, std::unique_ptr<Pruner> pruner)
    : options_(checked(std::move(options))),
      sampler_(make_sampler(options_.sampler, options_.sampling)),
      pruner_(pruner ? std::move(pruner) : make_pruner(options_.pruner)) {
  require(!pruner_ || options_.directions.size() == 1, "study {}: of several objectives none can be pruned",
          options_.name);
  storage_ = open_storage(options_);
}

Study::~Study() = default;

View Study::view_of(int number) { return {history(), number, number - number % options_.batch}; }

Trial Study::ask() {
  auto trial = try_ask(std::numeric_limits<int>::max(), std::nullopt);
  require(trial.has_value(), "study {}: the sampler has nothing left to try", options_.name);
  return std::move(*trial);
}

std::optional<Trial> Study::try_ask(int most_trials, std::optional<int> batch) {
  const std::lock_guard lock(mutex_);
  std::optional<int> number;
  storage_->exclusively([&] { number = claim(most_trials, batch); });
  if (!number) return std::nullopt;
  held_.insert(*number);
  const TrialRecord& record = history().trials[static_cast<std::size_t>(*number)];
  const auto stream = static_cast<std::uint64_t>(engine::Stream::search) << 56 | static_cast<std::uint64_t>(*number);
  auto active = std::make_unique<ActiveTrial>(
      ActiveTrial{.study = *this, .record = record, .rng = engine::Rng(options_.sampling.seed, stream)});
  for (const auto& [name, parameter] : record.parameters) active->kept[name] = parameter.value;
  storage_->discard(*number);
  const auto fixed = record.system_attributes.find("fixed_params");
  if (fixed != record.system_attributes.end() && fixed->is_object()) {
    active->fixed = *fixed;
  } else if (*number == 0) {
    active->fixed = written(options_.first);
  }
  // The others of a batch must know what this one will try, however far it gets before they ask.
  if (options_.batch > 1) draw_joint(*active);
  return Trial(std::move(active));
}

// The number of a trial to run, now marked as running: unfinished ones first, then enqueued ones, then a new one. Only
// of the given batch, if there is one.
std::optional<int> Study::claim(int most_trials, std::optional<int> batch) {
  const TrialRecord *unfinished = nullptr, *waiting = nullptr;
  const std::deque<TrialRecord>& trials = history().trials;
  while (n_settled_ < trials.size() && trials[n_settled_].is_finished()) ++n_settled_;
  int n_started = static_cast<int>(n_settled_);
  for (std::size_t i = n_settled_; i < trials.size(); ++i) {
    const TrialRecord& t = trials[i];
    n_started += t.state != State::waiting;
    if (t.state == State::waiting && waiting == nullptr) waiting = &t;
    if (t.state == State::running && unfinished == nullptr && !held_.contains(t.number) && storage_->is_free(t)) {
      unfinished = &t;
    }
  }
  if (unfinished == nullptr && n_started >= most_trials) return std::nullopt;
  const TrialRecord* open = unfinished != nullptr ? unfinished : waiting;
  const int number = open != nullptr ? open->number : static_cast<int>(trials.size());
  if (batch && number / options_.batch != *batch) return std::nullopt;
  if (open == nullptr && sampler_->is_exhausted(view_of(number))) return std::nullopt;
  if (open == nullptr) return storage_->create_trial();
  storage_->start_trial(number);
  return number;
}

bool Study::finish(ActiveTrial& active, State state, const std::vector<double>& values) {
  active.is_told = true;
  held_.erase(active.record.number);
  return storage_->finish_trial(active.record.number, state, values);
}

bool Study::tell(Trial& trial, const std::vector<double>& values) {
  require(values.size() == options_.directions.size(), "trial {}: must have {} values, got {}", trial.number(),
          options_.directions.size(), values.size());
  if (std::any_of(values.begin(), values.end(), [](double x) { return std::isnan(x); })) {
    return tell_failed(trial, "the objective is not a number");
  }
  const std::lock_guard lock(mutex_);
  return finish(*trial.active_, State::complete, values);
}

bool Study::tell_pruned(Trial& trial) {
  const std::lock_guard lock(mutex_);
  const auto& reports = trial.active_->record.reports;
  const bool has_value = !reports.empty() && !std::isnan(reports.rbegin()->second);
  return finish(*trial.active_, State::pruned,
                has_value ? std::vector{reports.rbegin()->second} : std::vector<double>{});
}

bool Study::tell_failed(Trial& trial, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  storage_->set_trial_system_attribute(trial.number(), "ingot:reason", reason);
  return finish(*trial.active_, State::failed, {});
}

void Study::enqueue(const std::map<std::string, Choice>& parameters) {
  const std::lock_guard lock(mutex_);
  storage_->enqueue_trial(written(parameters));
}

std::vector<TrialRecord> Study::trials() {
  const std::lock_guard lock(mutex_);
  storage_->sync();
  return {history().trials.begin(), history().trials.end()};
}

void Study::look(const std::function<void(const History&)>& visit) {
  const std::lock_guard lock(mutex_);
  storage_->sync();
  visit(history());
}

std::vector<TrialRecord> Study::pareto_front() {
  const std::lock_guard lock(mutex_);
  std::vector<const TrialRecord*> order;
  for (const TrialRecord& t : history().trials) {
    if (t.state == State::complete && t.violation <= 0) order.push_back(&t);
  }
  // The better in the first objective first, and so on: a trial can be dominated only by those before it, and by one
  // of the front among them.
  std::stable_sort(order.begin(), order.end(), [this](const TrialRecord* a, const TrialRecord* b) {
    for (std::size_t i = 0; i < a->values.size(); ++i) {
      if (a->values[i] != b->values[i])
        return (a->values[i] < b->values[i]) == (history().directions[i] == Direction::minimize);
    }
    return false;
  });
  std::vector<const TrialRecord*> best;
  for (const TrialRecord* t : order) {
    const auto is_worse = [&](const TrialRecord* b) { return dominates(b->values, t->values, history().directions); };
    if (std::none_of(best.rbegin(), best.rend(), is_worse)) best.push_back(t);
  }
  std::sort(best.begin(), best.end(), [](const TrialRecord* a, const TrialRecord* b) { return a->number < b->number; });
  std::vector<TrialRecord> front;
  for (const TrialRecord* t : best) front.push_back(*t);
  return front;
}

TrialRecord Study::best() {
  require(options_.directions.size() == 1, "study {}: of several objectives no trial is best, but a front of trials",
          options_.name);
  const std::vector<TrialRecord> front = pareto_front();
  require(!front.empty(), "study {}: no feasible trial is complete, of {}", options_.name, history().trials.size());
  return front.front();
}

}  // namespace ingot::search
