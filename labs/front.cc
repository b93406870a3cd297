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

}  // namespace

Json trial_points(const Json& result) {
  Json points = Json::array();
  if (!result.contains("trials") || !result["trials"].is_array()) return points;
  for (const Json& trial : result["trials"]) {
    if (trial.value("state", Json()) != "complete" || trial.contains("duplicate_of")) continue;
    const Json values = trial.value("values", Json());
    if (values.is_object() && values.contains("bits") && values.contains("accuracy"))
      points.push_back({values["bits"], values["accuracy"]});
  }
  return points;
}

std::optional<report::Chart> front_chart(const Results& results) {
  const auto search = results.find(kFrontRow);
  if (search == results.end()) return std::nullopt;
  std::vector<Point> trials;
  for (const Json& point : trial_points(search->second.json))
    trials.push_back({point[0].get<double>(), point[1].get<double>()});
  if (trials.empty()) return std::nullopt;
  const std::vector<Point> uniform = uniform_points(results), floats = float_point(results, search->second.json);
  std::vector<Point> all = trials, front, dominated;
  all.insert(all.end(), uniform.begin(), uniform.end());
  all.insert(all.end(), floats.begin(), floats.end());
  const auto loses = [&](const Point& p) {
    return std::any_of(all.begin(), all.end(), [&](const Point& other) { return is_beaten(p, other); });
  };
  for (const Point& p : all) {
    if (!loses(p)) front.push_back({p.x, p.y});
  }
  std::copy_if(trials.begin(), trials.end(), std::back_inserter(dominated), loses);
  std::sort(front.begin(), front.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
  report::Chart chart{.title = "Accuracy against bits: a width for each layer, and one width for all",
                      .x_label = "average bits of a parameter",
                      .y_label = "validation accuracy",
                      .log_x = true};
  const auto add = [&](const char* name, std::vector<Point> points, bool is_cloud) {
    if (!points.empty())
      chart.series.push_back({.name = name, .points = std::move(points), .group = name, .is_cloud = is_cloud});
  };
  add("front", front, false);
  add("dominated trials", dominated, true);
  add("one width everywhere", uniform, true);
  add("float model", floats, true);
  return chart;
}

}  // namespace ingot::labs
