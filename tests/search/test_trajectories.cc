// Samplers draw what Optuna draws: numbers of two of its versions, in tests/golden/search.json.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "search/problems.h"
#include "search/samplers/parzen.h"
#include "search/samplers/truncated_normal.h"
#include "search/study.h"
#include "tests/search/golden.h"

using namespace ingot::search;
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
    for (const nlohmann::json& t : golden["trajectories"]) {
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
