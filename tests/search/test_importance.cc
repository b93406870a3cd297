#include <doctest/doctest.h>

#include "search/importance.h"
#include "tests/search/golden.h"
#include "tests/search/study_of.h"

using namespace ingot::search;

TEST_CASE("importances are those of Optuna 5") {
  for (const nlohmann::json& t : ingot::test::golden_optuna()["importances"]) {
    CAPTURE(t["problem"]);
    const bool is_two = t["problem"] == "two";
    StudyOptions options{.sampler = "random", .sampling = {.seed = t["seed"], .stream = StreamKind::numpy}};
    if (is_two) options.directions = {Direction::minimize, Direction::minimize};
    Study study(options);
    const Objective two = [](Trial& trial) {
      const double x = trial.suggest_real("x", 0, 5), y = trial.suggest_real("y", 0, 3);
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

TEST_CASE("importances of a study without differences are zero") {
  Study study({.sampler = "random"});
  study.optimize([](Trial& trial) { return std::vector{trial.suggest_real("x", 0, 1) * 0 + 1}; }, {.trials = 20});
  const auto importances = parameter_importances(study.trials(), study.options().directions);
  REQUIRE(importances.size() == 1);
  CHECK(importances[0].second == 0);
  CHECK(parameter_importances({}, study.options().directions).empty());
}
