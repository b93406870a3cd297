// Samplers draw what Optuna draws: numbers of two of its versions, in tests/golden/search.json.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/io/json.h"
#include "search/problems.h"
#include "search/samplers/parzen.h"
#include "search/samplers/truncated_normal.h"
#include "search/study.h"
#include "tests/search/golden.h"

using namespace ingot::search;
using ingot::test::golden_optuna;
using ingot::test::golden_search;
using ingot::test::near;

namespace {

std::vector<double> trajectory(const std::string& problem, const SamplerOptions& sampling, int n_trials) {
  Study study({.sampling = sampling});
  const Problem& p = find_problem(problem);
  study.optimize([&](Trial& trial) { return std::vector{p.value(trial, Lists::categorical)}; }, {.trials = n_trials});
  std::vector<double> values;
  for (const TrialRecord& t : study.trials()) values.push_back(t.values.at(0));
  return values;
}

TpeRules rules_of(const std::string& version) { return version[0] == '4' ? TpeRules::optuna4 : TpeRules::optuna5; }

}  // namespace

TEST_CASE("TPE goes the way of Optuna 4.6 and 5.0, trial by trial") {
  for (const auto& [version, golden] : golden_search().items()) {
    for (const ingot::engine::Json& t : golden["trajectories"]) {
      CAPTURE(version);
      CAPTURE(t["problem"]);
      CAPTURE(t["multivariate"]);
      const auto expected = t["values"].get<std::vector<double>>();
      const std::vector<double> values =
          trajectory(t["problem"],
                     {.seed = t["seed"],
                      .stream = StreamKind::numpy,
                      .rules = rules_of(version),
                      .model = t["multivariate"] == true ? TpeModel::multivariate : TpeModel::univariate},
                     static_cast<int>(expected.size()));
      REQUIRE(values.size() == expected.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        CAPTURE(i);
        REQUIRE(near(values[i], expected[i], 1e-6));
      }
    }
  }
}

TEST_CASE("every model goes the way of Optuna on spaces of lists and conditions") {
  for (const auto& [version, golden] : golden_optuna()["versions"].items()) {
    for (const ingot::engine::Json& t : golden["trajectories"]) {
      CAPTURE(version);
      CAPTURE(t["problem"]);
      CAPTURE(t["model"]);
      CAPTURE(t["seed"]);
      const auto expected = t["values"].get<std::vector<double>>();
      const TpeModel model = t["model"] == "group"          ? TpeModel::group
                             : t["model"] == "multivariate" ? TpeModel::multivariate
                                                            : TpeModel::univariate;
      const std::vector<double> values = trajectory(
          t["problem"], {.seed = t["seed"], .stream = StreamKind::numpy, .rules = rules_of(version), .model = model},
          static_cast<int>(expected.size()));
      for (std::size_t i = 0; i < values.size(); ++i) {
        CAPTURE(i);
        REQUIRE(near(values[i], expected[i], 1e-6));
      }
    }
  }
}

TEST_CASE("several objectives go the way of Optuna, to the same front") {
  const auto two = [](Trial& trial) {
    const double x = trial.suggest_float("x", 0, 5), y = trial.suggest_float("y", 0, 3);
    return std::vector{4 * x * x + 4 * y * y, (x - 5) * (x - 5) + (y - 5) * (y - 5)};
  };
  const auto three = [](Trial& trial) {
    const double x = trial.suggest_float("x", -2, 2), y = trial.suggest_float("y", -2, 2);
    const std::string k = trial.suggest_categorical<std::string>("k", {"a", "b", "c"});
    const double o = k == "a" ? 0 : k == "b" ? 0.3 : 0.6;
    return std::vector{(x - 1) * (x - 1) + y * y + o, x * x + (y - 1) * (y - 1) + o,
                       (x + 1) * (x + 1) + (y + 1) * (y + 1)};
  };
  for (const auto& [version, golden] : golden_optuna()["versions"].items()) {
    for (const ingot::engine::Json& t : golden["fronts"]) {
      CAPTURE(version);
      CAPTURE(t["problem"]);
      CAPTURE(t["seed"]);
      const bool is_two = t["problem"] == "two";
      Study study({.directions = std::vector(is_two ? 2 : 3, Direction::minimize),
                   .sampling = {.seed = t["seed"],
                                .stream = StreamKind::numpy,
                                .rules = rules_of(version),
                                .model = TpeModel::univariate}});
      const int n_trials = static_cast<int>(t["values"].size());
      is_two ? study.optimize(two, {.trials = n_trials}) : study.optimize(three, {.trials = n_trials});
      const auto trials = study.trials();
      for (std::size_t i = 0; i < trials.size(); ++i) {
        CAPTURE(i);
        for (std::size_t j = 0; j < trials[i].values.size(); ++j) {
          REQUIRE(near(trials[i].values[j], t["values"][i][j], 1e-6));
        }
      }
      std::vector<int> front;
      for (const TrialRecord& f : study.pareto_front()) front.push_back(f.number);
      CHECK(front == t["front"].get<std::vector<int>>());
    }
  }
}
