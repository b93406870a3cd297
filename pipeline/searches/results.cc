#include "pipeline/searches/results.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/io/json.h"
#include "search/history/json.h"
#include "search/importance.h"

namespace ingot::pipeline {

using engine::Json;
using search::Direction;
using search::State;
using search::TrialRecord;

Json parameters_of(const TrialRecord& trial) {
  Json parameters = Json::object();
  for (const auto& [name, p] : trial.parameters) {
    const Json value = search::written_value(*p.distribution, p.value);
    const bool is_whole = value.is_number_float() && std::floor(p.value) == p.value && std::abs(p.value) < 1e16;
    parameters[name] = is_whole ? Json(static_cast<std::int64_t>(p.value)) : value;  // 5, not 5.0
  }
  return parameters;
}

bool counts(const TrialRecord& t) { return t.state == State::complete && t.violation <= 0; }

bool is_duplicate(const TrialRecord& t) { return t.system_attributes.contains("ingot:duplicate_of"); }

bool is_better(const TrialRecord& a, const TrialRecord& b, std::span<const Measure> measures) {
  for (std::size_t i = 0; i < measures.size(); ++i) {
    if (a.values[i] == b.values[i]) continue;
    return (a.values[i] > b.values[i]) == (measures[i].direction == Direction::maximize);
  }
  return a.number < b.number;
}

namespace {

std::string state_of(const TrialRecord& t) { return t.violation > 0 ? "infeasible" : name(t.state); }

Json trial_as_json(const TrialRecord& t, std::span<const Measure> measures) {
  Json object{{"number", t.number}, {"state", state_of(t)}};
  object["parameters"] = parameters_of(t);
  for (std::size_t i = 0; t.state == State::complete && i < measures.size(); ++i) {
    object["values"][measures[i].name] = t.values[i];
  }
  for (const auto& [key, value] : t.user_attributes.items()) object[key] = value;
  if (const auto same = t.system_attributes.find("ingot:duplicate_of"); same != t.system_attributes.end())
    object["duplicate_of"] = *same;
  if (const auto reason = t.system_attributes.find("ingot:reason"); reason != t.system_attributes.end())
    object["reason"] = *reason;
  if (t.reports.empty()) return object;
  object["reports"] = Json::array();
  for (const auto& [step, value] : t.reports) object["reports"].push_back({step, value});
  return object;
}

// The best of trials 0 .. i, for each i.
std::vector<std::optional<double>> best_so_far(const std::vector<TrialRecord>& trials,
                                               std::span<const Measure> measures) {
  std::vector<std::optional<double>> curve;
  const TrialRecord* best = nullptr;
  for (const TrialRecord& t : trials) {
    if (counts(t) && (best == nullptr || is_better(t, *best, measures.first(1)))) best = &t;
    curve.push_back(best == nullptr ? std::nullopt : std::optional(best->values[0]));
  }
  return curve;
}

// Numbers of the trials that no other beats in every measure; of equal ones the first.
std::vector<int> front_of(search::Study& study, std::span<const Measure> measures) {
  std::vector<TrialRecord> front = study.pareto_front();
  std::sort(front.begin(), front.end(),
            [&](const TrialRecord& a, const TrialRecord& b) { return is_better(a, b, measures); });
  std::vector<int> numbers;
  for (std::size_t i = 0; i < front.size(); ++i) {
    if (i == 0 || front[i].values != front[i - 1].values) numbers.push_back(front[i].number);
  }
  return numbers;
}

Json best_as_json(const TrialRecord& best) {
  return {{"number", best.number}, {"values", best.values}, {"parameters", parameters_of(best)}};
}

}  // namespace

const TrialRecord* best_of(const std::vector<TrialRecord>& trials, std::span<const Measure> measures) {
  const TrialRecord* best = nullptr;
  for (const TrialRecord& t : trials) {
    if (counts(t) && (best == nullptr || is_better(t, *best, measures))) best = &t;
  }
  return best;
}

SearchResult describe(search::Study& study, std::span<const Measure> measures) {
  SearchResult result{.trials = study.trials()};
  std::set<std::string> tried;
  for (const TrialRecord& t : result.trials) {
    ++result.states[state_of(t)];
    result.n_duplicates += is_duplicate(t);
    result.n_unfinished += !t.is_finished();
    if (t.violation <= 0 && !is_duplicate(t) && t.is_finished()) tried.insert(parameters_of(t).dump());
  }
  result.n_distinct = tried.size();
  result.best_so_far = best_so_far(result.trials, measures);
  result.importances = search::parameter_importances(result.trials, study.options().directions);
  if (measures.size() > 1) result.front = front_of(study, measures);
  return result;
}

Json as_json(const SearchResult& r, std::span<const Measure> measures) {
  Json result{{"trials", Json::array()},      {"states", r.states},           {"best_so_far", Json::array()},
              {"distinct", r.n_distinct},     {"duplicates", r.n_duplicates}, {"unfinished", r.n_unfinished},
              {"importances", Json::object()}};
  for (const TrialRecord& t : r.trials) result["trials"].push_back(trial_as_json(t, measures));
  for (const auto& value : r.best_so_far) result["best_so_far"].push_back(value ? Json(*value) : Json());
  for (const auto& [name, share] : r.importances) result["importances"][name] = share;
  if (measures.size() > 1) result["front"] = r.front;
  if (r.best) result["best"] = best_as_json(r.trial(*r.best));
  if (r.best_model) result.update(as_json(*r.best_model));
  if (r.start) result["start"] = {{"accuracy", r.start->accuracy}, {"bits", r.start->bits}};
  return result;
}

std::optional<ModelScores> best_model_from_json(const engine::Saved& result, const TrialRecord& best,
                                                const bert::Head& head) {
  if (!result.has("best") || result.at("best") != best_as_json(best)) return std::nullopt;
  return model_scores_from_json(result, head);
}

std::optional<StartingPoint> start_from_json(const engine::Saved& result) {
  if (!result.has("start")) return std::nullopt;
  const engine::Saved start = result.object("start");
  return StartingPoint{.accuracy = start.get<double>("accuracy"), .bits = start.get<double>("bits")};
}

}  // namespace ingot::pipeline
