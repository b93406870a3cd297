// What a search has measured, looked up by other searches.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/base/files.h"
#include "pipeline/searches/table_bench.h"
#include "pipeline/searches/trial_table.h"
#include "search/study.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::error_text;

namespace {

// Configurations (width i, kind) of accuracies 0.01 ... in an order that has nothing to do with them; each reports
// after 10 and 20 of 30 steps what it has then.
Json trials(int n_widths) {
  Json all = Json::array();
  for (int i = 0; i < 2 * n_widths; ++i) {
    const double accuracy = (i * 7 % (2 * n_widths) + 1) / 100.0;
    all.push_back({{"number", i},
                   {"state", "complete"},
                   {"parameters", {{"width", 8 * (i / 2 + 1)}, {"kind", i % 2 == 0 ? "linear" : "identity"}}},
                   {"values", {{"accuracy", accuracy}}},
                   {"reports", {{10, accuracy / 2}, {20, accuracy * 0.75}}}});
  }
  return all;
}

std::string written(const test::TemporaryFolder& folder, const Json& trials) {
  const std::string file = (folder.path() / "result.json").string();
  engine::write_file(file, Json{{"trials", trials}}.dump());
  return file;
}

std::string refusal(const Json& trials) {
  const test::TemporaryFolder folder;
  return error_text([&] { pipeline::TrialTable(written(folder, trials)); });
}

Json compared(const std::string& table, int n_trials, int n_seeds) {
  pipeline::BenchOptions o;
  o.table = table;
  o.trials = n_trials;
  o.seeds = n_seeds;
  Json found;
  pipeline::compare_on_table(o, {.command = {}, .seed = 1},
                             [&](const Json& result, const std::string&) { found = result; });
  return found;
}

Json row(const Json& found, const std::string& sampler, const std::string& pruner) {
  for (const Json& row : found["rows"])
    if (row["sampler"] == sampler && row["pruner"] == pruner) return row;
  return {};
}

}  // namespace

TEST_CASE("a trial has the accuracy of its configuration, whether lists have an order or not") {
  const test::TemporaryFolder folder;
  const pipeline::TrialTable table(written(folder, trials(5)));
  CHECK(table.size() == 10);
  CHECK(table.best() == 0.10);
  for (const auto lists : {search::Lists::categorical, search::Lists::ordinal}) {
    search::Study study({.directions = {search::Direction::maximize}, .sampler = "random"});
    double spent = 0;
    study.optimize([&](search::Trial& trial) { return std::vector{table.look_up(trial, lists, spent)}; },
                   {.trials = 40});
    CHECK(spent == 40);
    for (const search::TrialRecord& t : study.trials()) {
      const auto text = [&](const char* name) {
        return search::to_string(*t.parameters.at(name).distribution, t.parameters.at(name).value);
      };
      const int i = 2 * (std::stoi(text("width")) / 8 - 1) + (text("kind") == "\"identity\"" ? 1 : 0);
      CHECK(t.values[0] == (i * 7 % 10 + 1) / 100.0);
    }
  }
}

TEST_CASE("the grid finds the best, and random draws what chance gives, to two standard errors") {
  const test::TemporaryFolder folder;
  constexpr int kConfigurations = 20, kTrials = 6, kSeeds = 200;
  const std::string file = written(folder, trials(kConfigurations / 2));
  CHECK(row(compared(file, kConfigurations, 3), "grid", "none")["best"].back() == 0.20);
  const Json found = compared(file, kTrials, kSeeds);
  // The largest of k draws of 1 ... n is at most m with a chance of (m/n)^k if they may repeat; of different ones it is
  // (n + 1) k / (k + 1) on average.
  const Json random = row(found, "random", "none"), grid = row(found, "grid", "none");
  for (int k = 1; k <= kTrials; ++k) {
    double mean = 0, square = 0;
    for (int m = 1; m <= kConfigurations; ++m) {
      const double chance = std::pow(m / double{kConfigurations}, k) - std::pow((m - 1) / double{kConfigurations}, k);
      mean += chance * m / 100;
      square += chance * m / 100 * m / 100;
    }
    const double error = std::sqrt((square - mean * mean) / kSeeds);
    CHECK(std::abs(random["best"][k - 1].get<double>() - mean) < 3 * error);
    CHECK(std::abs(grid["best"][k - 1].get<double>() - (kConfigurations + 1.0) * k / (k + 1) / 100) < 3 * error);
  }
  CHECK(random["trials"] == kTrials);
}

TEST_CASE("pruned trials cost the steps that they took, so that more of them fit") {
  const test::TemporaryFolder folder;
  const std::string file = written(folder, trials(20));
  const Json found = compared(file, 12, 10);
  const Json pruned = row(found, "random", "median");
  CHECK(pruned["trials"] > 14);
  CHECK(pruned["trials"] < 36);  // a third of a trial at least
  // One by hand: a pruner that ends all but the first trials at their first report, after 10 of 30 steps.
  const pipeline::TrialTable table(file);
  search::Study study({.directions = {search::Direction::maximize},
                       .sampler = "random",
                       .pruner = "median(percentile=1,n_startup_trials=1)"});
  double spent = 0;
  int n_pruned = 0;
  study.optimize([&](search::Trial& t) { return std::vector{table.look_up(t, search::Lists::ordinal, spent)}; },
                 {.trials = 30});
  double expected = 0;
  for (const search::TrialRecord& t : study.trials()) {
    n_pruned += t.state == search::State::pruned;
    expected += t.state == search::State::complete ? 1 : static_cast<double>(t.reports.rbegin()->first) / 30;
  }
  CHECK(n_pruned > 5);
  CHECK(spent == doctest::Approx(expected));
}

TEST_CASE("a file that is no table of trials is an error that says why") {
  Json all = trials(2);
  all[2]["parameters"].erase("kind");
  CHECK(contains(refusal(all), "trial 2: has 1 parameters, and others have 2"));
  all = trials(2);
  all[3]["parameters"]["depth"] = 2;
  CHECK(contains(refusal(all), "trial 3: has a parameter depth that earlier trials have not"));
  all = trials(2);
  all[1]["values"] = Json{{"bits", 3}};
  CHECK(contains(refusal(all), "trial 1: values: has no accuracy"));
  all = trials(2);
  for (Json& trial : all) trial["state"] = "failed";
  CHECK(contains(refusal(all), "must have two complete trials or more, has 0"));
  all = trials(2);
  all[0]["reports"] = Json{{0, 0.5}};
  CHECK(contains(refusal(all), "trial 0: a report must be a step of at least 1 and a value"));
  CHECK(contains(refusal("text"), "trials must be an array"));
  const test::TemporaryFolder folder;
  CHECK(contains(error_text([&] { compared(written(folder, trials(2)), 5, 2); }),
                 "--trials: must be at most the 4 configurations of"));
}
