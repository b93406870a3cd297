// Pruners decide as Optuna's, on recorded curves and on tables made by hand.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/io/json.h"
#include "tests/search/golden.h"
#include "tests/search/study_of.h"
#include "tests/support/error_text.h"

using namespace ingot::search;
using ingot::test::contains;
using ingot::test::error_text;

namespace {

std::unique_ptr<Pruner> golden_pruner(const std::string& name) {
  if (name == "median_late") {
    return make_median({.percentile = 25, .startup_trials = 2, .warmup_steps = 4, .interval = 3, .min_trials = 2});
  }
  if (name == "halving_1") return make_halving({.min_resource = 2, .reduction = 3, .early_stopping = 1});
  if (name == "halving_bootstrap") return make_halving({.min_resource = 1, .reduction = 2, .bootstrap = 3});
  if (name == "hyperband_243") return make_hyperband({.max_resource = 243});
  if (name == "hyperband_27") return make_hyperband({.max_resource = 27});
  return make_pruner(name);
}

// The same with settings as a user writes them.
std::string written(const std::string& name) {
  if (name == "median_late")
    return "median(percentile=25,n_startup_trials=2,n_warmup_steps=4,interval_steps=3,n_min_trials=2)";
  if (name == "halving_1") return "halving(min_resource=2,reduction_factor=3,min_early_stopping_rate=1)";
  if (name == "halving_bootstrap") return "halving(min_resource=1,reduction_factor=2,bootstrap_count=3)";
  if (name == "hyperband_243") return "hyperband(max_resource=243)";
  if (name == "hyperband_27") return "hyperband(max_resource=27)";
  return name;
}

// The step at which each curve was pruned, -1 for those that ended; NaN lets a trial fail in the end.
std::vector<int> ends(Study& study, const std::vector<std::vector<double>>& curves) {
  std::vector<int> steps;
  for (const auto& curve : curves) {
    Trial trial = study.ask();
    int end = -1;
    for (std::size_t step = 0; step < curve.size() && end < 0; ++step) {
      trial.report(curve[step], static_cast<std::int64_t>(step));
      if (trial.should_prune()) end = static_cast<int>(step);
    }
    steps.push_back(end);
    end < 0 ? study.tell(trial, {curve.back()}) : study.tell_pruned(trial);
  }
  return steps;
}

}  // namespace

TEST_CASE("pruners end the same curves at the same steps as Optuna's") {
  const ingot::engine::Json& golden = ingot::test::golden_optuna();
  std::vector<std::vector<double>> curves;
  for (const ingot::engine::Json& curve : golden["curves"]) {
    curves.emplace_back();
    for (const ingot::engine::Json& x : curve) curves.back().push_back(x.is_null() ? std::nan("") : x.get<double>());
  }
  for (const ingot::engine::Json& t : golden["pruning"]) {
    CAPTURE(t["pruner"]);
    CAPTURE(t["direction"]);
    const Direction direction = t["direction"] == "minimize" ? Direction::minimize : Direction::maximize;
    Study study({.name = "curves", .directions = {direction}}, golden_pruner(t["pruner"]));
    CHECK(ends(study, curves) == t["ends"].get<std::vector<int>>());
    Study same({.name = "curves", .directions = {direction}, .pruner = written(t["pruner"])});
    CHECK(ends(same, curves) == t["ends"].get<std::vector<int>>());
  }
}

TEST_CASE("settings of a pruner that it does not have, or cannot have, are refused with those it has") {
  const auto says = [](const std::string& text, const std::string& sentence) {
    const std::string error = error_text([&] { make_pruner(text); });
    CHECK_MESSAGE(contains(error, sentence), error);
  };
  says("median(warmup=3)",
       "pruner median: its settings are percentile, n_startup_trials, n_warmup_steps, interval_steps, n_min_trials, "
       "got 'warmup'");
  says("median(n_warmup_steps=1.5)", "n_warmup_steps must be an integer between 0 and 1000000000, got '1.5'");
  says("median(n_warmup_steps=-1)", "got '-1'");
  says("median(percentile=101)", "percentile must lie within 0 and 100, got 101");
  says("halving(reduction_factor=1)", "the reduction must be at least 2, got 1");
  says("halving(4)", "settings must be NAME=NUMBER, got '4'");
  says("hyperband(min_resource=1",
       "settings must be in parentheses, as in 'hyperband(min_resource=1, max_resource=0, ");
  says("none(x=1)", "pruner none: has no settings, got 'none(x=1)'");
  says("best", "pruner: must be one of none, median, halving, hyperband, got 'best'");
  for (const PrunerKind& kind : pruner_kinds()) CHECK_NOTHROW(make_pruner(notation(kind)));
}

TEST_CASE("the median prunes what is worse than half of the complete trials at its step") {
  Study study({}, make_median({.startup_trials = 3}));
  CHECK(ends(study, {{1, 9}, {2, 8}, {3, 7}, {2.1, 8}, {0, 8.1}, {1.4, 8, 100}}) ==
        std::vector{-1, -1, -1, 0, -1, -1});  // the best value so far counts; step 2 nobody has completed
  CHECK(study.trials()[3].state == State::pruned);
  CHECK(study.trials()[3].values == std::vector{2.1});
}

TEST_CASE("a percentile between two trials lies between their values, and that of one trial is its value") {
  // numpy.percentile([1, 2], 75) is 1.75.
  Study two({}, make_median({.percentile = 75, .startup_trials = 1}));
  CHECK(ends(two, {{1}, {2}}) == std::vector{-1, 0});
  Study study({}, make_median({.percentile = 75, .startup_trials = 2}));
  CHECK(ends(study, {{1}, {2}, {1.8}, {1.7}}) == std::vector{-1, -1, 0, -1});
}

TEST_CASE("a warm-up and an interval put the checks off") {
  Study study({}, make_median({.startup_trials = 1, .warmup_steps = 2, .interval = 3}));
  // Checks at the first report in [2, 5), [5, 8) ...: worse from the start, but looked at only there.
  CHECK(ends(study, {{0, 0, 0, 0, 0, 0}, {1, 1, 1}, {1, 1, -1, 2, 2, 2}}) == std::vector{-1, 2, -1});
}

TEST_CASE("successive halving lets the best of every so many trials go on") {
  Study study({}, make_halving({.min_resource = 1, .reduction = 2}));
  // Rungs at steps 1, 2, 4. At the first: 5; 5, 4 (best of 2); 5, 4, 6; 5, 4, 6, 3 (best 2 of 4); 4.5 is third of 5.
  const auto flat = [](double x) { return std::vector<double>(6, x); };
  CHECK(ends(study, {flat(5), flat(4), flat(6), flat(3), flat(4.5)}) == std::vector{-1, -1, 1, -1, 1});
  CHECK(study.trials()[3].system_attributes["completed_rung_2"] == 3);
}

TEST_CASE("an unfinished run's rungs do not count when the trial is run again") {
  Study study({}, make_halving({.min_resource = 1, .reduction = 2}));
  const auto begin = [&] {
    Trial trial = study.ask();
    trial.report(0.5, 1);
    CHECK_FALSE(trial.should_prune());
    CHECK(trial.record().system_attributes.contains("completed_rung_0"));
  };
  begin();
  Trial again = study.ask();
  CHECK(again.number() == 0);
  CHECK(again.record().reports.empty());
  CHECK_FALSE(again.record().system_attributes.contains("completed_rung_0"));
}

TEST_CASE("pruners refuse options that make no sense") {
  CHECK(contains(error_text([] { make_median({.percentile = 101}); }), "must lie within 0 and 100, got 101"));
  CHECK(contains(error_text([] { make_median({.interval = 0}); }), "interval must be at least 1 step, got 0"));
  CHECK(contains(error_text([] { make_halving({.reduction = 1}); }), "the reduction must be at least 2, got 1"));
  CHECK(contains(error_text([] { make_hyperband({.min_resource = 9, .max_resource = 3}); }), "at least the least, 9"));
  CHECK(
      contains(error_text([] { make_pruner("best"); }), "must be one of none, median, halving, hyperband, got 'best'"));
  CHECK(contains(error_text([] {
                   Study study({.directions = {Direction::minimize, Direction::minimize}}, make_median());
                 }),
                 "of several objectives none can be pruned"));
}
