// Rows that compete, of results that were written by hand.
#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "labs/ranking.h"

namespace ingot {
namespace {

using engine::Json;

class Rows {
 public:
  void add(labs::Row row, const Json& result) {
    rows_.push_back(std::move(row));
    results_.emplace_back(result, rows_.back().name);
    reported.push_back({.row = rows_.back(), .state = "done", .result = &results_.back()});
  }

  std::vector<labs::ReportedRow> reported;

 private:
  std::deque<labs::Row> rows_;  // whose addresses stay
  std::deque<labs::RowResult> results_;
};

labs::Row ranked(const std::string& ranking, const std::string& as, double bits) {
  return {.name = as, .x = bits, .ranking = ranking, .ranked_as = as};
}

labs::Row competing(const std::string& title) { return {.name = title, .title = title, .choice = "search"}; }

}  // namespace

TEST_CASE("a ranking begins with the best row, beside the standard error that the number of texts gives") {
  Rows rows;
  rows.add(ranked("PTQ", "log", 4), {{"accuracy", 0.7}, {"examples", 100}});
  rows.add(ranked("PTQ", "mx", 4), {{"accuracy", 0.8}, {"examples", 100}, {"flips", 0.02}, {"output_noise", 0.5}});
  // sqrt(0.8 0.2 / 100) = 0.04
  CHECK(labs::ranking_text(rows.reported) ==
        "ranking, PTQ (the standard error of an accuracy is 0.0400 from the number of test texts alone): mx 0.8000 "
        "(2.0% flips, noise 0.500), log 0.7000\n");
}

TEST_CASE("searches that compete are compared by the area under their best so far, where it is known from the first") {
  Rows rows;
  rows.add(competing("random"), {{"best_so_far", {0.4, 0.4, 0.7}}});
  rows.add(competing("TPE"), {{"best_so_far", {0.4, 0.7, 0.7}}});
  rows.add(competing("late"), {{"best_so_far", {nullptr, 0.9, 0.9}}});
  rows.add({.name = "alone"}, {{"best_so_far", {0.9}}});
  CHECK(labs::areas_text(rows.reported) ==
        "search: area under the best so far, a mean over the trials: TPE 0.6000, random 0.5000\n");
}

TEST_CASE("flipped labels are drawn in percent with their standard errors, of formats that were not trained with") {
  Rows rows;
  rows.add(ranked("at most 4 bits, PTQ", "mx", 4), {{"flips", 0.2}, {"examples", 100}});
  rows.add(ranked("at most 4 bits, PTQ", "log", 4), {{"flips", 0.5}, {"examples", 100}});
  rows.add(ranked("at most 8 bits, PTQ", "mx", 8), {{"flips", 0.1}, {"examples", 100}});
  rows.add(ranked("at most 8 bits, QAT", "mx", 8), {{"flips", 0.3}, {"examples", 100}});
  const auto chart = labs::flips_chart(rows.reported);
  REQUIRE(chart.has_value());
  REQUIRE(chart->series.size() == 2);
  CHECK(chart->series[0].name == "mx");
  REQUIRE(chart->series[0].points.size() == 2);
  CHECK(chart->series[0].points[0].y == doctest::Approx(20));
  CHECK(chart->series[0].points[0].error == doctest::Approx(4));  // sqrt(0.2 0.8 / 100)
  CHECK(chart->series[0].points[1].x == 8);
  CHECK(chart->series[1].name == "log");
  CHECK_FALSE(labs::flips_chart({}).has_value());
}

TEST_CASE("the hours of a search are known where every trial that was run says its seconds") {
  Json search{{"trials", {{{"seconds", 1.5}}, {{"duplicate_of", 0}}, {{"state", "infeasible"}}, {{"seconds", 2}}}}};
  CHECK(labs::RowResult(search, "a search").figures.trial_seconds == 3.5);
  search["trials"].push_back({{"state", "fail"}});
  CHECK_FALSE(labs::RowResult(search, "a search").figures.trial_seconds.has_value());
}

}  // namespace ingot
