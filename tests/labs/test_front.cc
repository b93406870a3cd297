// The front of lab 3.1, of results that were written by hand.
#include <doctest/doctest.h>

#include <string>

#include "engine/io/json.h"
#include "labs/front.h"

namespace ingot {
namespace {

using engine::Json;

labs::Results results_of(const Json& search, bool has_float_accuracy) {
  labs::Results results;
  results.emplace("front", labs::RowResult(search, "front"));
  results.emplace("uniform-4", labs::RowResult(Json{{"average_bits", 4.0}, {"validation_accuracy", 0.88}}, "uniform"));
  results.emplace("uniform-8", labs::RowResult(Json{{"average_bits", 8.0}, {"validation_accuracy", 0.87}}, "uniform"));
  Json floats{{"accuracy", 0.9}};
  if (has_float_accuracy) floats["validation_accuracy"] = 0.91;
  results.emplace("float", labs::RowResult(floats, "float"));
  return results;
}

const Json kSearch = Json::parse(R"({"start": {"accuracy": 0.89, "bits": 32.0}, "trials": [
    {"state": "complete", "values": {"accuracy": 0.80, "bits": 2.5}},
    {"state": "complete", "values": {"accuracy": 0.86, "bits": 3.0}},
    {"state": "complete", "values": {"accuracy": 0.85, "bits": 3.5}},
    {"state": "complete", "values": {"accuracy": 0.88, "bits": 5.0}},
    {"state": "complete", "values": {"accuracy": 0.86, "bits": 3.0}, "duplicate_of": 1},
    {"state": "infeasible"}, {"state": "fail"}]})");

}  // namespace

TEST_CASE("the front goes through trials, uniform widths and the float model, and dominated trials are drawn too") {
  const auto charts = labs::front_charts(results_of(kSearch, true));
  REQUIRE(charts.size() == 1);
  const report::Chart* chart = &charts.at("front");
  REQUIRE(chart->series.size() == 4);
  std::string front, dominated;
  for (const report::Point& p : chart->series[0].points) front += std::to_string(p.x).substr(0, 3) + " ";
  for (const report::Point& p : chart->series[1].points) dominated += std::to_string(p.x).substr(0, 3) + " ";
  CHECK(front == "2.5 3.0 4.0 32. ");  // 8 bits lose to 4, and the trial of 5 bits too
  CHECK(dominated == "3.5 5.0 ");
  CHECK(chart->series[2].points.size() == 2);
  CHECK(chart->series[3].points[0].y == 0.91);
}

TEST_CASE("of a float model that was given the search says the accuracy on validation texts") {
  const auto charts = labs::front_charts(results_of(kSearch, false));
  const report::Chart* chart = &charts.at("front");
  CHECK(chart->series.back().name == "float model");
  CHECK(chart->series.back().points[0].y == 0.89);
  CHECK(labs::front_charts({}).empty());
  CHECK(labs::front_charts(results_of(Json{{"accuracy", 0.5}}, true)).empty());
}

TEST_CASE("trials of several searches that say their bytes are drawn against them, a color each") {
  const auto search = [](double small, double large) {
    const auto trial = [](double bytes, double accuracy) {
      return Json{{"state", "complete"}, {"values", {{"accuracy", accuracy}}}, {"bytes", bytes}};
    };
    return labs::RowResult(Json{{"trials", {trial(100, small), trial(400, large)}}}, "search");
  };
  labs::Results results;
  results.emplace("plain", search(0.7, 0.9));
  CHECK(labs::front_charts(results).empty());
  results.emplace("tuned", search(0.8, 0.85));
  const report::Chart chart = labs::front_charts(results).at("front-bytes");
  REQUIRE(chart.series.size() == 3);
  REQUIRE(chart.series[0].points.size() == 2);
  CHECK(chart.series[0].points[0].y == 0.8);
  CHECK(chart.series[0].points[1].y == 0.9);
  CHECK(chart.series[1].name == "plain");
  CHECK(chart.series[1].points.size() == 2);
  CHECK(chart.series[2].points.size() == 2);
}

}  // namespace ingot
