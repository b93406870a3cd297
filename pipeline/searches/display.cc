#include "pipeline/searches/display.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "report/text_table.h"

namespace ingot::pipeline {

using engine::Json;
using report::Chart;
using report::Series;
using report::TextTable;
using search::Direction;
using search::TrialRecord;

Chart chart_of(const SearchResult& result, std::span<const Measure> measures, const std::string& title) {
  Chart chart{.title = title, .x_label = "trial", .y_label = measures[0].name, .series = {}};
  Series best{.name = "best so far", .points = {}};
  const auto& curve = result.best_so_far;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (curve[i]) best.points.push_back({static_cast<double>(i + 1), *curve[i]});
  }
  if (measures.size() < 2) {
    if (!best.points.empty()) chart.series.push_back(std::move(best));
    return chart;
  }
  chart.x_label = measures[1].name;
  Series front{.name = "front", .points = {}};
  for (const int number : result.front) {
    const std::vector<double>& values = result.trial(number).values;
    front.points.push_back({values[1], values[0]});
  }
  std::sort(front.points.begin(), front.points.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  Series others{.name = "other trials", .points = {}, .group = "others", .is_cloud = true};
  for (const TrialRecord& trial : result.trials) {
    if (!counts(trial) || is_duplicate(trial)) continue;
    if (std::find(result.front.begin(), result.front.end(), trial.number) != result.front.end()) continue;
    others.points.push_back({trial.values[1], trial.values[0]});
  }
  if (!front.points.empty()) chart.series.push_back(std::move(front));
  if (!others.points.empty()) chart.series.push_back(std::move(others));
  // A line: a point at its 32 bits would squeeze all others into a corner.
  if (result.start && !chart.series.empty()) {
    chart.series.push_back({.name = fmt::format("the model itself, {:.4g} bits", result.start->bits),
                            .points = {{0, result.start->accuracy}},
                            .group = "start",
                            .is_level = true});
  }
  return chart;
}

namespace {

// A measure, a parameter, or what is kept with the trial, by its name; null if it has no such thing.
Json value_of(const TrialRecord& trial, std::span<const Measure> measures, const std::string& name) {
  for (std::size_t i = 0; i < measures.size(); ++i) {
    if (measures[i].name == name) return trial.values[i];
  }
  const Json parameters = parameters_of(trial);
  return parameters.contains(name) ? parameters.at(name) : trial.user_attributes.value(name, Json());
}

std::string cell(const Json& value) {
  if (value.is_number_float()) {
    const double x = value.get<double>();
    return x == std::floor(x) ? fmt::format("{:.0f}", x) : fmt::format("{:.4f}", x);
  }
  constexpr std::size_t kMostBytes = 60;
  return value.is_null() ? ""
                         : engine::printable(value.is_string() ? value.get<std::string>() : value.dump(), kMostBytes);
}

// Of several measures the front, else all that were evaluated, the best by the first measure first.
std::vector<const TrialRecord*> best_first(const SearchResult& result, std::span<const Measure> measures) {
  std::vector<const TrialRecord*> trials;
  const std::set<int> front(result.front.begin(), result.front.end());
  for (const TrialRecord& trial : result.trials) {
    const bool is_shown = measures.size() < 2 || front.contains(trial.number);
    if (counts(trial) && !is_duplicate(trial) && is_shown) trials.push_back(&trial);
  }
  std::stable_sort(trials.begin(), trials.end(), [&](const TrialRecord* a, const TrialRecord* b) {
    const double x = a->values[0], y = b->values[0];
    return measures[0].direction == Direction::maximize ? x > y : x < y;
  });
  return trials;
}

// What a table of n_shown rows leaves out.
std::string rows_text(const SearchResult& result, std::span<const Measure> measures, std::size_t n_best,
                      std::size_t n_shown) {
  const auto n_complete = std::count_if(result.trials.begin(), result.trials.end(), counts) - result.n_duplicates;
  const std::string cut =
      n_shown < n_best ? fmt::format("; {} of them are shown, all in --json and result.json", n_shown) : "";
  if (measures.size() > 1)
    return fmt::format("front: {} of {} evaluated trials, which no other beats in every objective{}\n", n_best,
                       n_complete, cut);
  return cut.empty() ? "" : fmt::format("best first: {} evaluated trials{}\n", n_best, cut);
}

// The parameters that matter most.
std::string importances_text(const SearchResult& result) {
  std::vector<std::pair<double, std::string>> shares;
  for (const auto& [name, share] : result.importances) shares.emplace_back(-share, name);
  std::sort(shares.begin(), shares.end());
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, shares.size()) && shares[i].first < 0; ++i) {
    text += fmt::format("{}{} {:.2f}", i == 0 ? "" : ", ", engine::printable(shares[i].second, 60), -shares[i].first);
  }
  return text.empty() ? text : "importance: " + text + "\n";
}

}  // namespace

std::string table_of(const SearchResult& result, std::span<const Measure> measures,
                     const std::vector<std::string>& columns, std::size_t n_most) {
  TextTable table{.headers = {"trial"}, .rows = {}, .n_left = 0};
  for (const Measure& m : measures) table.headers.push_back(m.name);
  table.headers.insert(table.headers.end(), columns.begin(), columns.end());
  const std::vector<const TrialRecord*> trials = best_first(result, measures);
  for (const TrialRecord* trial : trials) {
    if (table.rows.size() == n_most) break;
    std::vector<std::string>& row = table.rows.emplace_back();
    for (const std::string& header : table.headers)
      row.push_back(header == "trial" ? std::to_string(trial->number) : cell(value_of(*trial, measures, header)));
  }
  std::string states;
  for (const auto& [state, n] : result.states) states += fmt::format("{}{} {}", states.empty() ? "" : ", ", n, state);
  return table.aligned() + rows_text(result, measures, trials.size(), table.rows.size()) +
         fmt::format("\n{} trials: {}; {} different configurations\n", result.trials.size(), states,
                     result.n_distinct) +
         importances_text(result);
}

}  // namespace ingot::pipeline
