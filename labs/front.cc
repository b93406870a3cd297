#include "labs/front.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/io/json.h"

namespace ingot::labs {
using engine::Json;
using report::Point;

namespace {

// Whether `other` is at least as good in both and better in one.
bool is_beaten(const Point& p, const Point& other) {
  return other.x <= p.x && other.y >= p.y && (other.x < p.x || other.y > p.y);
}

// What a trial was measured to cost: a value of the search, or noted beside it. Negative: nothing.
double cost_of(const Json& trial, const char* cost) {
  const Json values = trial.value("values", Json());
  const Json found = values.is_object() && values.contains(cost) ? values[cost] : trial.value(cost, Json());
  return found.is_number() ? found.get<double>() : -1;
}

// [[cost, accuracy]] of the trials of a search.
Json points_of(const Json& result, const char* cost) {
  Json points = Json::array();
  if (!result.contains("trials") || !result["trials"].is_array()) return points;
  for (const Json& trial : result["trials"]) {
    if (trial.value("state", Json()) != "complete" || trial.contains("duplicate_of")) continue;
    const Json values = trial.value("values", Json());
    if (cost_of(trial, cost) >= 0 && values.is_object() && values.contains("accuracy"))
      points.push_back({cost_of(trial, cost), values["accuracy"]});
  }
  return points;
}

std::vector<Point> cloud_of(const Results& results, const std::string& row, const char* cost) {
  std::vector<Point> points;
  const auto search = results.find(row);
  if (search == results.end()) return points;
  for (const Json& point : points_of(search->second.json, cost))
    points.push_back({point[0].get<double>(), point[1].get<double>()});
  return points;
}

std::vector<Point> uniform_points(const Results& results) {
  std::vector<Point> points;
  for (const auto& [name, result] : results) {
    const RowFigures& f = result.figures;
    if (!name.starts_with(kUniformRow) || !f.average_bits || !f.validation_accuracy) continue;
    points.push_back({*f.average_bits, *f.validation_accuracy, 0, fmt::format("{:.3g} bits", *f.average_bits)});
  }
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
  return points;
}

// Of a model that was given nothing but the search says its accuracy on validation texts.
std::vector<Point> float_point(const Results& results, const Json& search) {
  constexpr double kFloatBits = 32;
  const auto row = results.find("float");
  if (row != results.end() && row->second.figures.validation_accuracy)
    return {{kFloatBits, *row->second.figures.validation_accuracy, 0, "float32"}};
  if (!search.contains("start")) return {};
  return {{search["start"]["bits"].get<double>(), search["start"]["accuracy"].get<double>(), 0, "the model given"}};
}

struct Cloud {
  std::string name;
  std::vector<Point> points;
};

constexpr const char* kDominated = "dominated trials";  // of this cloud the front has the others

// A chart of clouds of points and of the front through what no other point beats in both.
std::optional<report::Chart> chart_of(const std::string& title, const std::string& x_label,
                                      const std::vector<Cloud>& clouds) {
  report::Chart chart{.title = title, .x_label = x_label, .y_label = "validation accuracy", .log_x = true};
  std::vector<Point> all, front;
  for (const auto& [name, points] : clouds) all.insert(all.end(), points.begin(), points.end());
  if (all.empty()) return std::nullopt;
  const auto loses = [&](const Point& p) {
    return std::any_of(all.begin(), all.end(), [&](const Point& other) { return is_beaten(p, other); });
  };
  for (const Point& p : all) {
    if (!loses(p)) front.push_back({p.x, p.y});
  }
  std::sort(front.begin(), front.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
  chart.series.push_back({.name = "front", .points = std::move(front), .group = "front", .is_cloud = false});
  for (const auto& [name, points] : clouds) {
    std::vector<Point> shown = points;
    if (name == kDominated) std::erase_if(shown, [&](const Point& p) { return !loses(p); });
    if (!shown.empty())
      chart.series.push_back({.name = name, .points = std::move(shown), .group = name, .is_cloud = true});
  }
  return chart;
}

}  // namespace

Json trial_points(const Json& result) { return points_of(result, "bits"); }

std::map<std::string, report::Chart> front_charts(const Results& results) {
  std::map<std::string, report::Chart> charts;
  const auto add = [&](const std::string& name, std::optional<report::Chart> chart) {
    if (chart) charts.emplace(name, *std::move(chart));
  };
  if (const std::vector<Point> trials = cloud_of(results, kFrontRow, "bits"); !trials.empty()) {
    add("front",
        chart_of("Accuracy against bits: a width for each layer, and one width for all", "average bits of a parameter",
                 {{kDominated, trials},
                  {"one width everywhere", uniform_points(results)},
                  {"float model", float_point(results, results.at(kFrontRow).json)}}));
  }
  add("front-hardware",
      chart_of("Accuracy against logic: a width for each Linear layer", "tables of logic (LUT) of all Linear layers",
               {{kDominated, cloud_of(results, kHardwareRow, "hardware")}}));
  std::vector<Cloud> searches;
  for (const auto& [name, result] : results) {
    if (std::vector<Point> trials = cloud_of(results, name, "bytes"); !trials.empty() && name != kIntegersRow)
      searches.push_back({name, std::move(trials)});
  }
  if (searches.size() > 1)
    add("front-bytes", chart_of("Accuracy against bytes: every trial of every search", "bytes of a model", searches));
  add("front-integers", chart_of("Accuracy against bytes: whole models in integers", "bytes of a model",
                                 {{kDominated, cloud_of(results, kIntegersRow, "bytes")}}));
  return charts;
}

}  // namespace ingot::labs
