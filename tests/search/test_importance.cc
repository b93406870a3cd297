#include <doctest/doctest.h>

#include <chrono>
#include <cmath>

#include "engine/io/json.h"
#include "search/importance.h"
#include "tests/search/golden.h"
#include "tests/search/study_of.h"

using namespace ingot::search;

TEST_CASE("importances are those of Optuna 5") {
  for (const ingot::engine::Json& t : ingot::test::golden_optuna()["importances"]) {
    CAPTURE(t["problem"]);
    const bool is_two = t["problem"] == "two";
    StudyOptions options{.sampler = "random", .sampling = {.seed = t["seed"], .stream = StreamKind::numpy}};
    if (is_two) options.directions = {Direction::minimize, Direction::minimize};
    Study study(options);
    const Objective two = [](Trial& trial) {
      const double x = trial.suggest_float("x", 0, 5), y = trial.suggest_float("y", 0, 3);
      return std::vector{4 * x * x + 4 * y * y, (x - 5) * (x - 5) + (y - 5) * (y - 5)};
    };
    study.optimize(is_two ? two : ingot::test::objective(t["problem"]), {.trials = t["n_trials"]});
    const auto importances = parameter_importances(study.trials(), options.directions);
    REQUIRE(importances.size() == t["importances"].size());
    for (const auto& [name, importance] : importances) {
      CAPTURE(name);
      CHECK(ingot::test::near(importance, t["importances"][name], 1e-9));
    }
  }
}

// 132 studies that Optuna 5.0.0 was given trial by trial: 2 to 15 trials, and more; ranges with and without steps,
// logarithmic, lists, conditional and changing; ties, pruned, failed and infinite trials; one to three objectives.
TEST_CASE("importances are those of Optuna 5 from two trials on") {
  const auto golden = ingot::engine::Json::parse(ingot::engine::read_file(INGOT_GOLDEN "/search_importances.json"));
  CHECK(golden.size() > 100);
  for (const ingot::engine::Json& t : golden) {
    CAPTURE(t["space"]);
    CAPTURE(t["trials"].size());
    History history;
    std::vector<Direction> directions;
    for (const ingot::engine::Json& d : t["directions"]) directions.push_back(static_cast<Direction>(d.get<int>()));
    std::vector<TrialRecord> trials;
    for (const ingot::engine::Json& trial : t["trials"]) {
      const auto state = trial["state"].get<std::string>();
      TrialRecord& record = trials.emplace_back();
      record.state = state == "complete" ? State::complete : state == "pruned" ? State::pruned : State::failed;
      for (const ingot::engine::Json& v : trial["values"]) {
        record.values.push_back(v.is_number() ? v.get<double>() : std::stod(v.get<std::string>()));
      }
      for (const auto& [name, p] : trial["parameters"].items()) {
        const Distribution d = from_optuna(t["distributions"][p[0].get<std::size_t>()].get<std::string>());
        record.parameters[name] = {p[1], history.intern(d)};
      }
    }
    const auto importances = parameter_importances(trials, directions);
    REQUIRE(importances.size() == t["importances"].size());
    for (const auto& [name, importance] : importances) {
      CAPTURE(name);
      CHECK(ingot::test::near(importance, t["importances"][name], 1e-9));
    }
  }
}

TEST_CASE("an ordinal's importance is that of the list as which journals hold it") {
  const auto importances = [](const Distribution& d) {
    const auto shared = std::make_shared<const Distribution>(d);
    std::vector<TrialRecord> trials;
    for (int i = 0; i < 30; ++i) {
      TrialRecord& t = trials.emplace_back(TrialRecord{.number = i, .state = State::complete, .values = {i % 7 * 1.0}});
      t.parameters["width"] = {i * i % 4 * 1.0, shared};
      t.parameters["other"] = {i % 5 / 5.0, std::make_shared<const Distribution>(Distribution::real(0, 1))};
    }
    return parameter_importances(trials, std::vector{Direction::minimize});
  };
  const std::vector<Choice> items{std::int64_t{8}, std::int64_t{16}, std::int64_t{32}, std::int64_t{64}};
  CHECK(importances(Distribution::ordinal(items)) == importances(Distribution::categorical(items)));
}

TEST_CASE("values outside of a range, and without a logarithm, count for its ends") {
  const auto d = std::make_shared<const Distribution>(Distribution::log_real(1e-3, 1));
  std::vector<TrialRecord> trials;
  for (const double x : {-1.0, 0.0, 1e300, 0.5, std::nan("")}) {
    TrialRecord& t = trials.emplace_back(TrialRecord{.state = State::complete, .values = {x > 0 ? 1.0 : 2.0}});
    t.parameters["x"] = {x, d};
  }
  CHECK(parameter_importances(trials, std::vector{Direction::minimize})[0].second == 1);
}

TEST_CASE("a parameter of very many ranges is summed up in linear time") {
  std::vector<TrialRecord> trials;
  for (int i = 0; i < 60'000; ++i) {
    TrialRecord& t = trials.emplace_back(TrialRecord{.number = i, .state = State::complete, .values = {i * 1.0}});
    t.parameters["x"] = {0.5, std::make_shared<const Distribution>(Distribution::real(0, 1 + i / 2))};
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK(parameter_importances(trials, std::vector{Direction::minimize})[0].second == 1);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(8));
}

TEST_CASE("importances of a study without differences are equal") {
  Study study({.sampler = "random"});
  study.optimize(
      [](Trial& trial) {
        return std::vector{(trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1)) * 0 + 1};
      },
      {.trials = 20});
  const auto importances = parameter_importances(study.trials(), study.options().directions);
  REQUIRE(importances.size() == 2);
  CHECK(importances[0] == std::pair<std::string, double>("x", 0.5));
  CHECK(importances[1] == std::pair<std::string, double>("y", 0.5));
  CHECK(parameter_importances({}, study.options().directions).empty());
}
