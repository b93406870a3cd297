#include "pipeline/searches/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "report/text_table.h"
#include "search/history/json.h"
#include "search/importance.h"

namespace ingot::pipeline {

using engine::Json;
using report::Figure;
using report::Series;
using report::TextTable;
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

bool is_better(const TrialRecord& a, const TrialRecord& b, std::span<const Measure> measures) {
  for (std::size_t i = 0; i < measures.size(); ++i) {
    if (a.values[i] == b.values[i]) continue;
    return (a.values[i] > b.values[i]) == (measures[i].direction == Direction::maximize);
  }
  return a.number < b.number;
}

namespace {

bool counts(const TrialRecord& t) { return t.state == State::complete && t.violation <= 0; }

Json trial_as_json(const TrialRecord& t, std::span<const Measure> measures) {
  Json object{{"number", t.number}, {"state", t.violation > 0 ? "infeasible" : name(t.state)}};
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
Json best_so_far(const std::vector<TrialRecord>& trials, std::span<const Measure> measures) {
  Json curve = Json::array();
  const TrialRecord* best = nullptr;
  for (const TrialRecord& t : trials) {
    if (counts(t) && (best == nullptr || is_better(t, *best, measures.first(1)))) best = &t;
    curve.push_back(best == nullptr ? Json() : Json(best->values[0]));
  }
  return curve;
}

}  // namespace

const TrialRecord* best_of(const std::vector<TrialRecord>& trials, std::span<const Measure> measures) {
  const TrialRecord* best = nullptr;
  for (const TrialRecord& t : trials) {
    if (counts(t) && (best == nullptr || is_better(t, *best, measures))) best = &t;
  }
  return best;
}

Json describe(search::Study& study, std::span<const Measure> measures) {
  const std::vector<TrialRecord> trials = study.trials();
  Json result{{"trials", Json::array()}, {"states", Json::object()}, {"best_so_far", best_so_far(trials, measures)}};
  std::set<std::string> tried;
  int n_duplicates = 0, n_unfinished = 0;
  for (const TrialRecord& t : trials) {
    result["trials"].push_back(trial_as_json(t, measures));
    const std::string state = result["trials"].back()["state"];
    result["states"][state] = result["states"].value(state, 0) + 1;
    const bool is_duplicate = t.system_attributes.contains("ingot:duplicate_of");
    n_duplicates += is_duplicate;
    n_unfinished += !t.is_finished();
    if (t.violation <= 0 && !is_duplicate && t.is_finished()) tried.insert(parameters_of(t).dump());
  }
  result["distinct"] = tried.size();
  result["duplicates"] = n_duplicates;
  result["unfinished"] = n_unfinished;
  result["importances"] = Json::object();
  for (const auto& [name, share] : search::parameter_importances(trials, study.options().directions)) {
    result["importances"][name] = share;
  }
  if (measures.size() < 2) return result;
  std::vector<TrialRecord> front = study.pareto_front();
  std::sort(front.begin(), front.end(),
            [&](const TrialRecord& a, const TrialRecord& b) { return is_better(a, b, measures); });
  result["front"] = Json::array();
  for (std::size_t i = 0; i < front.size(); ++i) {  // of equal ones the first
    if (i == 0 || front[i].values != front[i - 1].values) result["front"].push_back(front[i].number);
  }
  return result;
}

Figure figure_of(const Json& result, std::span<const Measure> measures, const std::string& title) {
  Figure figure{.title = title, .x_label = "trial", .y_label = measures[0].name, .series = {}};
  Series best{.name = "best so far", .points = {}};
  const Json& curve = result["best_so_far"];
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (curve[i].is_number()) best.points.emplace_back(static_cast<double>(i + 1), curve[i].get<double>());
  }
  if (measures.size() < 2) {
    if (!best.points.empty()) figure.series.push_back(std::move(best));
    return figure;
  }
  figure.x_label = measures[1].name;
  Series front{.name = "front", .points = {}};
  for (const Json& number : result["front"]) {
    const Json& trial = result["trials"][number.get<std::size_t>()];
    const Json& values = trial["values"];
    front.points.emplace_back(values[measures[1].name].get<double>(), values[measures[0].name].get<double>());
  }
  std::sort(front.points.begin(), front.points.end());
  Series others{.name = "other trials", .points = {}, .group = "others", .is_cloud = true};
  for (const Json& trial : result["trials"]) {
    const Json& front_numbers = result["front"];
    if (trial["state"] != "complete" || trial.contains("duplicate_of")) continue;
    if (std::find(front_numbers.begin(), front_numbers.end(), trial["number"]) != front_numbers.end()) continue;
    const Json& values = trial["values"];
    others.points.emplace_back(values[measures[1].name].get<double>(), values[measures[0].name].get<double>());
  }
  if (!front.points.empty()) figure.series.push_back(std::move(front));
  if (!others.points.empty()) figure.series.push_back(std::move(others));
  // A line: a point at its 32 bits would squeeze all others into a corner.
  if (const auto start = result.find("start"); start != result.end() && !figure.series.empty()) {
    figure.series.push_back({.name = fmt::format("the model itself, {:.4g} bits", (*start)["bits"].get<double>()),
                             .points = {{0, (*start)["accuracy"].get<double>()}},
                             .group = "start",
                             .is_level = true});
  }
  return figure;
}

namespace {

std::string cell(const Json& trial, const std::string& column) {
  Json value;
  for (const Json& part : {trial["values"], trial["parameters"], trial}) {
    if (value.is_null()) value = part.value(column, Json());
  }
  if (value.is_number_float()) {
    const double x = value.get<double>();
    return x == std::floor(x) ? fmt::format("{:.0f}", x) : fmt::format("{:.4f}", x);
  }
  constexpr std::size_t kMostBytes = 60;
  return value.is_null() ? ""
                         : engine::printable(value.is_string() ? value.get<std::string>() : value.dump(), kMostBytes);
}

// Of several measures the front, else all that were evaluated, the best by the first measure first.
std::vector<const Json*> best_first(const Json& result, std::span<const Measure> measures) {
  std::vector<const Json*> trials;
  for (const Json& trial : result["trials"]) {
    if (trial["state"] == "complete" && !trial.contains("duplicate_of")) trials.push_back(&trial);
  }
  if (measures.size() > 1) {
    const auto front = result["front"].get<std::set<std::int64_t>>();
    std::erase_if(trials, [&](const Json* trial) { return !front.contains((*trial)["number"].get<std::int64_t>()); });
  }
  std::stable_sort(trials.begin(), trials.end(), [&](const Json* a, const Json* b) {
    const double x = (*a)["values"][measures[0].name], y = (*b)["values"][measures[0].name];
    return measures[0].direction == Direction::maximize ? x > y : x < y;
  });
  return trials;
}

// What a table of n_shown rows leaves out.
std::string rows_text(const Json& result, std::span<const Measure> measures, std::size_t n_best, std::size_t n_shown) {
  const auto n_complete =
      static_cast<std::size_t>(result["states"].value("complete", 0) - result["duplicates"].get<int>());
  const std::string cut =
      n_shown < n_best ? fmt::format("; {} of them are shown, all in --json and result.json", n_shown) : "";
  if (measures.size() > 1)
    return fmt::format("front: {} of {} evaluated trials, which no other beats in every objective{}\n", n_best,
                       n_complete, cut);
  return cut.empty() ? "" : fmt::format("best first: {} evaluated trials{}\n", n_best, cut);
}

}  // namespace

std::string table_of(const Json& result, std::span<const Measure> measures, const std::vector<std::string>& columns,
                     std::size_t n_most) {
  TextTable table{.headers = {"trial"}, .rows = {}, .n_left = 0};
  for (const Measure& m : measures) table.headers.push_back(m.name);
  table.headers.insert(table.headers.end(), columns.begin(), columns.end());
  const std::vector<const Json*> trials = best_first(result, measures);
  for (const Json* trial : trials) {
    if (table.rows.size() == n_most) break;
    table.rows.emplace_back();
    for (const std::string& header : table.headers) {
      table.rows.back().push_back(cell(*trial, header == "trial" ? "number" : header));
    }
  }
  std::string text = table.aligned() + rows_text(result, measures, trials.size(), table.rows.size()) + "\n";
  std::string states;
  for (const auto& [state, n] : result["states"].items()) {
    states += fmt::format("{}{} {}", states.empty() ? "" : ", ", n.get<int>(), state);
  }
  text += fmt::format("{} trials: {}; {} different configurations\n", result["trials"].size(), states,
                      result["distinct"].get<std::size_t>());
  std::vector<std::pair<double, std::string>> shares;
  for (const auto& [name, share] : result["importances"].items()) shares.emplace_back(-share.get<double>(), name);
  std::sort(shares.begin(), shares.end());
  std::string important;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, shares.size()) && shares[i].first < 0; ++i) {
    important +=
        fmt::format("{}{} {:.2f}", i == 0 ? "" : ", ", engine::printable(shares[i].second, 60), -shares[i].first);
  }
  return important.empty() ? text : text + "importance: " + important + "\n";
}

}  // namespace ingot::pipeline
