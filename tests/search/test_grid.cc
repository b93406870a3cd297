#include <doctest/doctest.h>

#include <set>

#include "tests/search/study_of.h"
#include "tests/support/error_text.h"

using namespace ingot::search;
using ingot::test::contains;
using ingot::test::error_text;

namespace {

const SamplerOptions kGrid{
    .seed = 3,
    .grid = {{"width", {std::int64_t{8}, std::int64_t{16}}}, {"kind", {"a", "b", "c"}}, {"rate", {0.1, 0.5}}}};

std::vector<double> on_grid(Trial& trial) {
  const int width = trial.suggest_ordinal<int>("width", {4, 8, 16});
  const std::string kind = trial.suggest_categorical<std::string>("kind", {"a", "b", "c", "d"});
  return {width + trial.suggest_float("rate", 0, 1) + static_cast<double>(kind[0])};
}

}  // namespace

TEST_CASE("a grid is tried once, in an order of the seed, and then the search ends") {
  std::vector<std::vector<std::string>> runs;
  for (const std::uint64_t seed : {3, 3, 4}) {
    SamplerOptions options = kGrid;
    options.seed = seed;
    Study study({.sampler = "grid", .sampling = options});
    study.optimize(on_grid, {});
    std::set<double> values;
    for (const TrialRecord& t : study.trials()) values.insert(t.values[0]);
    CHECK(study.trials().size() == 12);
    CHECK(values.size() == 12);
    CHECK(contains(error_text([&] { study.ask(); }), "nothing left to try"));
    runs.push_back(ingot::test::lines(study));
  }
  CHECK(runs[0] == runs[1]);
  CHECK(runs[0] != runs[2]);
}

TEST_CASE("the order is that of NumPy's shuffle, the last parameter by name counting fastest") {
  // numpy.random.RandomState(3).shuffle(numpy.arange(12))
  const std::vector<int> shuffled{5, 4, 1, 2, 11, 6, 7, 0, 3, 9, 8, 10};
  Study study({.sampler = "grid", .sampling = kGrid});
  study.optimize(on_grid, {});
  const std::vector<TrialRecord> trials = study.trials();
  REQUIRE(trials.size() == shuffled.size());
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const int kind = shuffled[i] / 4, rate = shuffled[i] / 2 % 2, width = shuffled[i] % 2;
    CHECK(trials[i].values[0] == (width == 0 ? 8 : 16) + (rate == 0 ? 0.1 : 0.5) + ('a' + kind));
  }
}

TEST_CASE("enqueued trials take no cell of the grid") {
  Study study({.sampler = "grid", .sampling = kGrid});
  study.enqueue({{"width", std::int64_t{4}}, {"kind", "d"}, {"rate", 0.9}});
  study.optimize(on_grid, {});
  CHECK(study.trials().size() == 13);
}

TEST_CASE("a grid that does not fit its objective is an error") {
  SamplerOptions options = kGrid;
  options.grid.pop_back();
  const auto message = [&] {
    return error_text([&] { Study({.sampler = "grid", .sampling = options}).optimize(on_grid, {.trials = 1}); });
  };
  CHECK(message() == "sampler grid: parameter rate is not on the grid");
  options.grid.push_back({"rate", {0.5, 2.0}});
  CHECK(error_text([&] { Study({.sampler = "grid", .sampling = options}).optimize(on_grid, {}); }) ==
        "sampler grid: parameter rate: 2.0 is not of real [0, 1]");
  options.grid.assign(8, {"x", std::vector<Choice>(10, std::int64_t{1})});
  CHECK(contains(message(), "must have at most 10000000 combinations, has 100000000"));
  options.grid.clear();
  CHECK(contains(message(), "needs the values of each parameter"));
}
