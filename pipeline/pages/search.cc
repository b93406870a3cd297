// A search: how its trials went, which of them none beats, which parameters mattered, and every trial as a line over
// its parameters.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "pipeline/pages/fields.h"
#include "pipeline/pages/panel.h"
#include "report/html.h"
#include "report/shortened.h"

namespace ingot::pipeline {
namespace {

using engine::Json;
using report::Chart;
using report::Series;

struct Trial {
  double number = 0;
  std::string state;
  std::vector<double> values;  // by measure; empty unless complete
  const Json* parameters = nullptr;
  bool is_on_front = false;
};

struct Trials {
  std::vector<std::string> measures;    // names, the first is what the search makes better
  std::vector<std::string> parameters;  // names
  std::vector<Trial> all;
};

void add_names(const Json& object, std::vector<std::string>& names) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
}

Trials trials_of(const Json& result) {
  Trials trials;
  const Json* front = result.contains("front") && result["front"].is_array() ? &result["front"] : nullptr;
  for (const Json& row : result["trials"]) {
    if (!row.is_object() || !row.contains("number") || !row["number"].is_number()) continue;
    Trial trial{.number = row["number"].get<double>(), .state = text_of(field(row, "state")), .values = {}};
    if (row.contains("parameters") && row["parameters"].is_object()) {
      trial.parameters = &row["parameters"];
      add_names(row["parameters"], trials.parameters);
    }
    if (trial.state == "complete" && row.contains("values") && row["values"].is_object()) {
      add_names(row["values"], trials.measures);
      for (const std::string& name : trials.measures) {
        const Json& value = field(row["values"], name.c_str());
        trial.values.push_back(value.is_number() ? value.get<double>() : NAN);
      }
    }
    trial.is_on_front = front != nullptr && std::any_of(front->begin(), front->end(), [&](const Json& number) {
                          return number.is_number() && number.get<double>() == trial.number;
                        });
    trials.all.push_back(std::move(trial));
  }
  return trials;
}

std::string history(const Json& result, const Trials& trials, const std::string& name) {
  Chart chart{.title = fmt::format("{}: {} of each trial, and the best so far", name, trials.measures[0]),
              .x_label = "trial",
              .y_label = trials.measures[0],
              .series = {}};
  Series best{.name = "best so far", .points = {}};
  if (result.contains("best_so_far") && result["best_so_far"].is_array()) {
    const Json& curve = result["best_so_far"];
    for (std::size_t i = 0; i < curve.size(); ++i) {
      if (curve[i].is_number()) best.points.push_back({static_cast<double>(i + 1), curve[i].get<double>()});
    }
  }
  Series each{.name = "trials", .points = {}, .group = "trials", .is_cloud = true};
  for (const Trial& trial : trials.all) {
    if (!trial.values.empty())
      each.points.push_back({trial.number + 1, trial.values[0], 0, fmt::format("trial {:.0f}", trial.number)});
  }
  chart.series = {best, each};
  return report::figure(chart, "history");
}

std::string front(const Trials& trials, const std::string& name) {
  if (trials.measures.size() < 2) return {};
  Chart chart{.title = fmt::format("{}: {} against {}; no trial beats those of the front in both", name,
                                   trials.measures[0], trials.measures[1]),
              .x_label = trials.measures[1],
              .y_label = trials.measures[0],
              .series = {}};
  Series best{.name = "front", .points = {}};
  Series others{.name = "other trials", .points = {}, .group = "others", .is_cloud = true};
  for (const Trial& trial : trials.all) {
    if (trial.values.size() < 2) continue;
    (trial.is_on_front ? best : others)
        .points.push_back({trial.values[1], trial.values[0], 0, fmt::format("trial {:.0f}", trial.number)});
  }
  std::sort(best.points.begin(), best.points.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  chart.series = {best, others};
  return report::figure(chart, "front");
}

std::string importances(const Json& result, const std::string& name) {
  if (!result.contains("importances") || !result["importances"].is_object() || result["importances"].empty()) return {};
  std::vector<std::pair<std::string, double>> shares;
  for (const auto& [parameter, share] : result["importances"].items()) {
    if (share.is_number()) shares.emplace_back(parameter, share.get<double>());
  }
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<report::Bar> bars;
  std::string csv = "parameter,importance\n";
  for (const auto& [parameter, share] : shares) {
    bars.push_back({.label = parameter, .share = share, .shown = fmt::format("{:.3f}", share)});
    csv += fmt::format("{},{}\n", report::csv_field(parameter), share);
  }
  const std::string title = fmt::format("{}: share of the spread of values that each parameter explains", name);
  return report::figure(report::bar_chart(bars, title), title + ".", "importances", csv);
}

// Where a parameter's values lie on its axis, from 0 to 1: numbers by size, words in the order in which they came.
struct Coordinate {
  std::string name;
  bool is_numeric = true;
  double low = 0, high = 1;
  std::vector<std::string> words;

  std::optional<double> at(const Json& value) const {
    if (is_numeric)
      return !value.is_number() ? std::nullopt
             : high > low       ? std::optional((value.get<double>() - low) / (high - low))
                                : 0.5;
    const auto word = std::find(words.begin(), words.end(), shown_value(value));
    if (word == words.end()) return {};
    return words.size() < 2 ? 0.5 : static_cast<double>(word - words.begin()) / static_cast<double>(words.size() - 1);
  }
};

Coordinate coordinate_of(const std::string& name, const Trials& trials) {
  Coordinate axis{.name = name, .words = {}};
  axis.low = INFINITY, axis.high = -INFINITY;
  for (const Trial& trial : trials.all) {
    if (trial.parameters == nullptr || !trial.parameters->contains(name)) continue;
    const Json& value = (*trial.parameters)[name];
    axis.is_numeric = axis.is_numeric && value.is_number();
    if (value.is_number()) {
      axis.low = std::min(axis.low, value.get<double>());
      axis.high = std::max(axis.high, value.get<double>());
    }
    const std::string word = shown_value(value);
    if (std::find(axis.words.begin(), axis.words.end(), word) == axis.words.end()) axis.words.push_back(word);
  }
  return axis;
}

// Of the axes, in units of the drawing. Above and beside the last one there is room for a name of 24 letters, inclined.
constexpr double kAxisTop = 94, kAxisHeight = 240, kAxisBottom = kAxisTop + kAxisHeight;

std::string axis_svg(const Coordinate& axis, double x) {
  std::string body = fmt::format(
      "<path class=\"axis\" d=\"M{0:.1f} {2}V{3}\"/><text transform=\"translate({0:.1f} {4}) "
      "rotate(-25)\">{1}</text>\n",
      x, report::escaped(report::shortened(axis.name, 24)), kAxisTop, kAxisBottom, kAxisTop - 10);
  const auto label = [&](double share, const std::string& text) {
    body += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"11\">{}</text>\n", x + 4,
                        kAxisBottom + 4 - kAxisHeight * share, report::escaped(report::shortened(text, 14)));
  };
  if (axis.is_numeric) {
    label(0, fmt::format("{:.4g}", axis.low));
    if (axis.high > axis.low) label(1, fmt::format("{:.4g}", axis.high));
  } else {
    for (std::size_t i = 0; i < axis.words.size(); ++i)
      label(axis.words.size() < 2 ? 0.5 : static_cast<double>(i) / static_cast<double>(axis.words.size() - 1),
            axis.words[i]);
  }
  return body;
}

std::string parallel(const Trials& trials, const std::string& name) {
  std::vector<Coordinate> axes;
  for (const std::string& parameter : trials.parameters) axes.push_back(coordinate_of(parameter, trials));
  if (axes.size() < 2) return {};
  const double gap = 96, width = 40 + gap * static_cast<double>(axes.size()) + 70;
  std::vector<double> sorted;
  for (const Trial& trial : trials.all) {
    if (!trial.values.empty() && std::isfinite(trial.values[0])) sorted.push_back(trial.values[0]);
  }
  std::sort(sorted.begin(), sorted.end());
  std::string lines, body, csv = "trial," + report::csv_field(trials.measures[0]);
  for (const Coordinate& axis : axes) csv += "," + report::csv_field(axis.name);
  csv += "\n";
  for (const Trial& trial : trials.all) {
    if (trial.values.empty() || trial.parameters == nullptr) continue;
    const auto rank =
        static_cast<double>(std::lower_bound(sorted.begin(), sorted.end(), trial.values[0]) - sorted.begin());
    const double share = sorted.size() < 2 ? 1 : rank / static_cast<double>(sorted.size() - 1);
    std::string points;
    csv += fmt::format("{:.0f},{}", trial.number, trial.values[0]);
    for (std::size_t k = 0; k < axes.size(); ++k) {
      const bool has = trial.parameters->contains(axes[k].name);
      csv += "," + (has ? report::csv_field(shown_value((*trial.parameters)[axes[k].name])) : "");
      const std::optional<double> at = has ? axes[k].at((*trial.parameters)[axes[k].name]) : std::nullopt;
      if (at)
        points += fmt::format("{:.1f},{:.1f} ", 40 + gap * static_cast<double>(k), kAxisBottom - kAxisHeight * *at);
    }
    csv += "\n";
    lines += fmt::format(
        "<polyline class=\"k{}\" stroke-width=\"{}\" stroke-opacity=\"{:.2f}\" points=\"{}\"><title>trial {:.0f}: "
        "{:.6g}</title></polyline>\n",
        share >= 0.9 ? 1 : 0, share >= 0.9 ? 2.2 : 1.2, 0.15 + 0.6 * share, points, trial.number, trial.values[0]);
  }
  for (std::size_t k = 0; k < axes.size(); ++k) body += axis_svg(axes[k], 40 + gap * static_cast<double>(k));
  const std::string title = fmt::format("{}: a line a trial over its parameters; orange: the tenth with the largest {}",
                                        name, trials.measures[0]);
  return report::figure(
      report::scrolling("Parallel coordinates", report::drawing(width, kAxisBottom + 16, title, lines + body)),
      title + ".", "trials", csv);
}

std::string trial_table(const Trials& trials, const std::string& name) {
  report::TextTable table{.headers = {"trial", "state"}, .rows = {}, .n_left = 2};
  for (const auto* names : {&trials.measures, &trials.parameters})
    table.headers.insert(table.headers.end(), names->begin(), names->end());
  for (const Trial& trial : trials.all) {
    std::vector<std::string> row{fmt::format("{:.0f}", trial.number), trial.state};
    for (std::size_t i = 0; i < trials.measures.size(); ++i)
      row.push_back(i < trial.values.size() ? fmt::format("{:.6g}", trial.values[i]) : "");
    for (const std::string& parameter : trials.parameters) {
      const bool has = trial.parameters != nullptr && trial.parameters->contains(parameter);
      row.push_back(has ? shown_value((*trial.parameters)[parameter]) : "");
    }
    table.rows.push_back(std::move(row));
  }
  return report::folded(fmt::format("All {} trials", trials.all.size()), report::table(table, name + ": trials"));
}

}  // namespace

std::string search_markup(std::span<const RunFolder> folders) {
  std::string markup;
  for (const RunFolder& folder : folders) {
    if (!folder.result.contains("trials") || !folder.result["trials"].is_array()) continue;
    const Trials trials = trials_of(folder.result);
    if (trials.all.empty()) continue;
    if (!trials.measures.empty()) {
      markup += report::side_by_side(history(folder.result, trials, folder.name) + front(trials, folder.name)) +
                importances(folder.result, folder.name) + parallel(trials, folder.name);
    }
    markup += trial_table(trials, folder.name);
  }
  return markup;
}

}  // namespace ingot::pipeline
