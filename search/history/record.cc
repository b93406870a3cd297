#include "search/history/record.h"

#include <optional>

#include "engine/base/error.h"
#include "engine/io/json.h"
#include "search/history/json.h"

namespace ingot::search {

using engine::require;

const char* name(State state) {
  constexpr const char* kNames[] = {"running", "complete", "pruned", "failed", "waiting"};
  return kNames[static_cast<std::size_t>(state)];
}

namespace {

// Constraint values stand in one list `constraints` or, each under its name, in `constraints:NAME`.
double violation_of(const engine::Json& attributes) {
  double sum = 0;
  const auto add = [&sum](const engine::Json& value) {
    const double x = to_number(value, "a constraint");
    if (x > 0) sum += x;
  };
  for (const auto& [key, value] : attributes.items()) {
    if (key == "constraints" && value.is_array()) {
      for (const engine::Json& x : value) add(x);
    } else if (key.starts_with("constraints:")) {
      add(value);
    }
  }
  return sum;
}

// The JSON object spread over `tpe:relative_params:0`, `:1`, ..., which holds the items of lists themselves.
std::map<std::string, double> joint_of(const engine::Json& attributes, const History& history) {
  std::string text;
  for (int i = 0;; ++i) {
    const auto part = attributes.find("tpe:relative_params:" + std::to_string(i));
    if (part == attributes.end() || !part->is_string()) break;
    text += part->get<std::string>();
  }
  const engine::Json values = engine::parse_json_or_null(text);
  std::map<std::string, double> joint;
  if (!values.is_object()) return joint;  // a part is still to be written
  for (const auto& [parameter, value] : values.items()) {
    const Distribution* d = history.known(parameter);
    const auto held = d == nullptr ? std::nullopt : held_value(history.as_written(parameter, *d), value);
    if (held) joint[parameter] = *held;
  }
  return joint;
}

}  // namespace

bool History::set_system_attribute(TrialRecord& trial, const std::string& key, engine::Json value) const {
  const bool is_constraint = key.starts_with("constraints");
  if (is_constraint) violation_of(engine::Json::object({{key, value}}));  // complains here, if at all
  trial.system_attributes[key] = std::move(value);
  return is_constraint || key.starts_with("tpe:relative_params:");
}

void History::derive(TrialRecord& trial) const {
  trial.violation = violation_of(trial.system_attributes);
  if (trial.system_attributes.contains("tpe:relative_params:0")) trial.joint = joint_of(trial.system_attributes, *this);
}

void restart(TrialRecord& trial) {
  trial.reports.clear();
  constexpr std::string_view kRung = "completed_rung_";
  auto& attributes = trial.system_attributes.members();
  for (auto rung = attributes.lower_bound(kRung); rung != attributes.end() && rung->first.starts_with(kRung);) {
    rung = attributes.erase(rung);
  }
}

std::shared_ptr<const Distribution> History::intern(const Distribution& distribution) {
  // A shared pointer that owns nothing, to look for an equal one.
  const std::shared_ptr<const Distribution> looked_for(std::shared_ptr<const Distribution>(), &distribution);
  const auto found = distributions_.find(looked_for);
  return found != distributions_.end()
             ? *found
             : *distributions_.insert(std::make_shared<const Distribution>(distribution)).first;
}

Distribution History::as_written(const std::string& name, const Distribution& distribution) const {
  Distribution written = distribution;
  if (written.kind == Distribution::Kind::integer && indexed.contains(name)) written.choices.clear();
  return written;
}

const Distribution* History::known(const std::string& name) const {
  const auto found = first_.find(name);
  return found == first_.end() ? nullptr : found->second.get();
}

void History::check_compatible(const std::string& name, const Distribution& distribution) {
  const Distribution* first = known(name);
  if (first == nullptr) {
    first_[name] = intern(distribution);
    return;
  }
  require(compatible(*first, distribution), "parameter {}: is {} in this study, and {} here", name, to_string(*first),
          to_string(distribution));
}

bool dominates(std::span<const double> a, std::span<const double> b, std::span<const Direction> directions) {
  bool is_better = false;
  for (std::size_t i = 0; i < directions.size(); ++i) {
    const double sign = directions[i] == Direction::minimize ? 1 : -1;
    if (sign * a[i] > sign * b[i]) return false;
    is_better |= sign * a[i] < sign * b[i];
  }
  return is_better;
}

}  // namespace ingot::search
