#include "search/trial.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/io/json.h"
#include "search/active_trial.h"
#include "search/history/json.h"
#include "search/study.h"

namespace ingot::search {

using engine::require;

Trial::Trial(std::unique_ptr<ActiveTrial> active) : active_(std::move(active)) {}
Trial::Trial(Trial&&) noexcept = default;

Trial::~Trial() {
  if (active_ == nullptr || active_->is_told) return;
  const std::lock_guard lock(active_->study.mutex_);
  active_->study.held_.erase(active_->record.number);
}

int Trial::number() const { return active_->record.number; }

TrialRecord Trial::record() const {
  const std::lock_guard lock(active_->study.mutex_);
  return active_->record;
}

double Trial::suggest_float(const std::string& name, double low, double high, FloatRange range) {
  require(!range.log || range.step == 0, "parameter {}: a logarithmic range has no step, got {}", name, range.step);
  return suggest(name, range.log ? Distribution::log_real(low, high) : Distribution::real(low, high, range.step));
}

std::int64_t Trial::suggest_int(const std::string& name, std::int64_t low, std::int64_t high, IntRange range) {
  require(!range.log || range.step == 1, "parameter {}: a logarithmic range has no step, got {}", name, range.step);
  const auto d = range.log ? Distribution::log_integer(low, high) : Distribution::integer(low, high, range.step);
  return static_cast<std::int64_t>(suggest(name, d));
}

double Trial::suggest(const std::string& name, const Distribution& distribution) {
  return active_->study.suggest(*active_, name, distribution);
}

void Trial::settle(const std::vector<double>& constraints) { active_->study.settle(*active_, constraints); }
void Trial::report(double value, std::int64_t step) { active_->study.report(*active_, value, step); }
bool Trial::should_prune() { return active_->study.should_prune(*active_); }

void Trial::set_user_attr(const std::string& key, const engine::Json& value) {
  active_->study.set_user_attr(*active_, key, value);
}

void Trial::set_constraints(const std::vector<double>& constraints) {
  const std::lock_guard lock(active_->study.mutex_);
  active_->study.keep(*active_, {{"constraints", constraints}});
}

double Study::suggest(ActiveTrial& active, const std::string& name, const Distribution& distribution) {
  const std::lock_guard lock(mutex_);
  const auto& parameters = active.record.parameters;
  storage_->check_compatible(name, distribution);
  if (const auto found = parameters.find(name); found != parameters.end()) return found->second.value;
  check_labels(name, distribution);
  double value = distribution.low;
  if (const auto fixed = active.fixed.find(name); fixed != active.fixed.end()) {
    const auto held = held_value(history().as_written(name, distribution), *fixed);
    require(held && distribution.contains(*held), "parameter {}: the given value {} is not of {}", name, fixed->dump(),
            to_string(distribution));
    value = *held;
  } else if (!distribution.is_single()) {
    value = draw(active, name, distribution);
    // Drawn though it may be known from an earlier run, so that what is drawn next is what it was then.
    const auto kept = active.kept.find(name);
    if (kept != active.kept.end() && distribution.contains(kept->second)) value = kept->second;
  }
  storage_->set_trial_parameter(active.record.number, name, distribution, value);
  return value;
}

// That a list has an order is kept with the study, and written before any trial has the parameter: who reads the list
// alone takes it for a categorical one.
void Study::check_labels(const std::string& name, const Distribution& distribution) {
  if (distribution.kind != Distribution::Kind::integer || distribution.choices.empty()) return;
  engine::Json labels = engine::Json::array();
  for (const Choice& choice : distribution.choices) labels.push_back(to_json(choice));
  const std::string key = "ingot:ordinal:" + name;
  const auto& attributes = history().system_attributes;
  const auto known = attributes.find(key);
  if (known == attributes.end() || known->is_null()) return storage_->set_study_system_attribute(key, labels);
  require(*known == labels, "parameter {}: is one of {} in this study, and of {} here", name, known->dump(),
          labels.dump());
}

void Study::draw_joint(ActiveTrial& active) {
  active.has_joint = true;
  Attributes attributes;
  Draw draw{view_of(active.record.number), active.rng, active.record, attributes};
  active.joint = sampler_->joint(draw);
  keep(active, attributes);
  storage_->set_trial_joint(active.record.number, active.joint);
}

double Study::draw(ActiveTrial& active, const std::string& name, const Distribution& distribution) {
  constexpr int kModelAttempts = 10;  // the best candidates of a model are often the same again
  ++active.n_drawn;
  if (active.n_attempts > kModelAttempts) return draw_uniform(distribution, [&] { return active.rng.uniform(); });
  if (!active.has_joint) draw_joint(active);
  const auto joint = active.joint.find(name);
  if (joint != active.joint.end() && distribution.contains(joint->second)) return joint->second;
  Attributes attributes;
  Draw draw{view_of(active.record.number), active.rng, active.record, attributes};
  const double value = sampler_->single(draw, name, distribution);
  keep(active, attributes);
  return value;
}

namespace {

std::string configuration(const TrialRecord& trial) {
  std::string text;
  for (const auto& [name, parameter] : trial.parameters) text += name + '=' + number_text(parameter.value) + '\n';
  return text;
}

}  // namespace

const TrialRecord* Study::find_duplicate(const ActiveTrial& active) {
  if (options_.duplicates == Duplicates::evaluate) return nullptr;
  walk_.run(
      view_of(active.record.number), [this] { complete_.clear(); },
      [this](const TrialRecord& t) {
        if (t.state == State::complete) complete_.emplace(configuration(t), t.number);
      });
  const auto found = complete_.find(configuration(active.record));
  return found == complete_.end() ? nullptr : &history().trials[static_cast<std::size_t>(found->second)];
}

void Study::settle(ActiveTrial& active, const std::vector<double>& constraints) {
  constexpr int kMostAttempts = 100;
  const std::lock_guard lock(mutex_);
  require(active.record.reports.empty(), "trial {}: settle() comes before the first report", active.record.number);
  if (active.is_settled) return;
  const bool is_infeasible = std::any_of(constraints.begin(), constraints.end(), [](double c) { return c > 0; });
  const TrialRecord* same = is_infeasible ? nullptr : find_duplicate(active);
  const bool may_draw_again = is_infeasible || (same != nullptr && options_.duplicates == Duplicates::resample);
  if (may_draw_again && sampler_->draws_again() && active.n_drawn > 0 && active.n_attempts < kMostAttempts) {
    ++active.n_attempts;
    active.n_drawn = 0;
    active.has_joint = false;
    active.kept.clear();
    storage_->discard(active.record.number);
    throw DrawAgain();
  }
  active.is_settled = true;
  if (!constraints.empty()) keep(active, {{"constraints", constraints}});
  if (is_infeasible) throw Ended{State::pruned, {}};
  if (same != nullptr) {
    const auto limits = same->system_attributes.find("constraints");
    if (limits != same->system_attributes.end()) keep(active, {{"constraints", *limits}});
    keep(active, {{"ingot:duplicate_of", same->number}});
    throw Ended{State::complete, same->values};
  }
  storage_->flush(active.record.number);  // now others can see what is being tried
}

void Study::report(ActiveTrial& active, double value, std::int64_t step) {
  const std::lock_guard lock(mutex_);
  require(step >= 0, "trial {}: the step of a report must be at least 0, got {}", active.record.number, step);
  require(history().directions.size() == 1, "trial {}: a study of several objectives takes no reports",
          active.record.number);
  if (active.record.reports.contains(step)) return;
  storage_->set_trial_report(active.record.number, step, value);
  storage_->flush(active.record.number);
}

bool Study::should_prune(ActiveTrial& active) {
  const std::lock_guard lock(mutex_);
  if (!pruner_ || active.record.reports.empty()) return false;
  Attributes attributes;
  Report report{view_of(active.record.number), active.record,
                options_.brackets.empty() ? options_.name : options_.brackets, attributes};
  const bool is_pruned = pruner_->should_prune(report);
  keep(active, attributes);
  return is_pruned;
}

void Study::set_user_attr(ActiveTrial& active, const std::string& key, const engine::Json& value) {
  const std::lock_guard lock(mutex_);
  storage_->set_trial_user_attribute(active.record.number, key, value);
}

void Study::keep(const ActiveTrial& active, const Attributes& attributes) {
  for (const auto& [key, value] : attributes) {
    storage_->set_trial_system_attribute(active.record.number, key, value);
  }
}

}  // namespace ingot::search
