#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <new>
#include <set>
#include <system_error>
#include <thread>

#include "engine/base/process.h"
#include "tests/search/study_of.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::search;
using ingot::test::contains;
using ingot::test::error_text;
using ingot::test::every_kind;
using ingot::test::lines;
using ingot::test::objective;

namespace {

double squared(Trial& trial) {
  const double x = trial.suggest_float("x", -5, 5);
  return x * x;
}

}  // namespace

TEST_CASE("a value is shown as its choice, or as itself where it is no index of one") {
  const Distribution words = Distribution::categorical({"a", "b"});
  CHECK(to_string(words, 1) == "\"b\"");
  for (const double value : {-4.0, 2.0, 0x1p64, 1e300, double{INFINITY}})
    CHECK(to_string(words, value) == fmt::format("{}", value));
  CHECK(to_string(Distribution::integer(-5, 5), -4) == "-4");
}

TEST_CASE("every sampler keeps every kind of parameter within its range and on its grid") {
  for (const char* sampler : {"tpe", "random"}) {
    for (const TpeModel model : {TpeModel::by_rules, TpeModel::univariate, TpeModel::multivariate, TpeModel::group}) {
      for (const TpeRules rules : {TpeRules::optuna4, TpeRules::optuna5}) {
        Study study({.sampler = sampler, .sampling = {.seed = 3, .rules = rules, .model = model}});
        study.optimize(every_kind, {.trials = 60});
        std::set<std::string> seen;
        for (const TrialRecord& t : study.trials()) {
          REQUIRE(t.state == State::complete);
          REQUIRE(t.parameters.size() >= 7);
          for (const auto& [name, p] : t.parameters) {
            CAPTURE(name);
            CAPTURE(p.value);
            CHECK(p.distribution->contains(p.value));
            seen.insert(name);
          }
          const bool is_fixed = t.parameters.at("kind").value == 0;
          CHECK(t.parameters.contains("frac") == is_fixed);
        }
        CHECK(seen.size() == 9);
      }
    }
  }
}

TEST_CASE("the same seed gives the same trials, another seed others") {
  const auto run = [](std::uint64_t seed) {
    Study study({.sampling = {.seed = seed}});
    study.optimize(every_kind, {.trials = 40});
    return lines(study);
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

TEST_CASE("any number of jobs gives the same trials for one batch width") {
  const auto run = [](int batch, int jobs, TpeModel model) {
    Study study({.sampling = {.seed = 5, .model = model}, .batch = batch});
    std::vector<int> told;
    study.optimize(
        [&](Trial& trial) {
          // Later trials of a batch end first.
          std::this_thread::sleep_for(std::chrono::microseconds(trial.number() % batch == 0 ? 2000 : 0));
          return every_kind(trial);
        },
        {.trials = 50, .jobs = jobs, .told = [&](const TrialRecord& t) { told.push_back(t.number); }});
    CHECK(std::is_sorted(told.begin(), told.end()));
    CHECK(told.size() == 50);
    return lines(study);
  };
  for (const TpeModel model : {TpeModel::univariate, TpeModel::multivariate, TpeModel::group}) {
    const auto one = run(4, 1, model);
    CHECK(one == run(4, 4, model));
    CHECK(one == run(4, 3, model));
    CHECK(one != run(1, 1, model));
  }
}

TEST_CASE("trials of a batch look in different places") {
  const auto spread = [](TpeRules rules) {
    Study study({.sampling = {.seed = 2, .rules = rules, .model = TpeModel::multivariate}, .batch = 8});
    study.optimize([](Trial& trial) { return std::vector{squared(trial)}; }, {.trials = 40});
    double sum = 0;
    const auto trials = study.trials();
    for (std::size_t i = 16; i < trials.size(); i += 8) {  // distances of neighbours within each batch
      std::vector<double> x;
      for (std::size_t j = i; j < i + 8; ++j) x.push_back(trials[j].parameters.at("x").value);
      std::sort(x.begin(), x.end());
      for (std::size_t j = 1; j < 8; ++j) sum += std::log(x[j] - x[j - 1] + 1e-9);
    }
    return sum;
  };
  CHECK(spread(TpeRules::optuna5) > spread(TpeRules::optuna4));  // only version 5 takes running trials for bad
}

TEST_CASE("a failed trial is remembered and the search goes on") {
  Study study({});
  study.optimize(
      [](Trial& trial) {
        const double value = squared(trial);
        if (trial.number() == 3) return std::vector{std::nan("")};
        if (trial.number() == 5) throw std::runtime_error("no memory");
        if (trial.number() == 6) throw Pruned();
        return std::vector{value};
      },
      {.trials = 30});
  const auto trials = study.trials();
  REQUIRE(trials.size() == 30);
  CHECK(trials[3].state == State::failed);
  CHECK(trials[3].system_attributes["ingot:reason"] == "the objective is not a number");
  CHECK(trials[5].state == State::failed);
  CHECK(trials[5].system_attributes["ingot:reason"] == "no memory");
  CHECK(trials[6].state == State::pruned);
  CHECK(study.best().values[0] < 0.1);
}

TEST_CASE("a machine without memory, or without a disk, ends the search: it is no property of the trial") {
  const auto search = [](Study& study, const auto& fail) {
    study.optimize(
        [&](Trial& trial) {
          if (trial.number() == 3) fail();
          return std::vector{squared(trial)};
        },
        {.trials = 30, .jobs = 2});
  };
  Study first({}), second({});
  CHECK_THROWS_AS(search(first, [] { throw std::bad_alloc(); }), std::bad_alloc);
  CHECK_THROWS_AS(search(second, [] { throw std::system_error(EIO, std::generic_category()); }), std::system_error);
  for (const auto& trial : first.trials()) CHECK(trial.state != State::failed);
}

TEST_CASE("an error of the user ends the search at once") {
  Study study({});
  const auto run = [&] {
    study.optimize(
        [](Trial& trial) {
          const bool is_list = trial.number() == 2;
          return std::vector{is_list ? trial.suggest_categorical<int>("x", {1, 2}) : trial.suggest_float("x", 0, 1)};
        },
        {.trials = 9});
  };
  CHECK(error_text(run) == "parameter x: is real [0, 1] in this study, and categorical {1, 2} here");
  CHECK(study.trials().size() == 3);
  CHECK(contains(error_text([&] {
                   study.optimize([](Trial&) { return std::vector{1.0, 2.0}; }, {.trials = 9});
                 }),
                 "must have 1 values, got 2"));
}

TEST_CASE("a logarithmic range takes no step") {
  Study study({});
  Trial trial = study.ask();
  CHECK(error_text([&] { trial.suggest_float("x", 1, 2, {.step = 0.5, .log = true}); }) ==
        "parameter x: a logarithmic range has no step, got 0.5");
  CHECK(error_text([&] { trial.suggest_int("n", 1, 9, {.step = 2, .log = true}); }) ==
        "parameter n: a logarithmic range has no step, got 2");
  CHECK(trial.suggest_int("n", 1, 9, {.log = true}) >= 1);
}

TEST_CASE("the budget counts trials of earlier calls, and time is looked at between trials") {
  Study study({});
  const auto run = [&](Budget budget) { study.optimize([](Trial& t) { return std::vector{squared(t)}; }, budget); };
  run({.trials = 7});
  run({.trials = 7});
  CHECK(study.trials().size() == 7);
  run({.trials = 12});
  CHECK(study.trials().size() == 12);
  run({.seconds = 0.02});
  CHECK(study.trials().size() > 12);
  CHECK(error_text([&] { run({.trials = 0}); }) == "study study: the budget must be at least 1 trial, got 0");
}

TEST_CASE("enqueued trials come first, and what they leave open is drawn") {
  Study study({});
  study.enqueue({{"width", std::int64_t{16}}, {"kind", "log"}, {"real", 1.5}});
  study.enqueue({{"kind", "fixed"}, {"frac", std::int64_t{3}}});
  study.optimize(every_kind, {.trials = 5});
  const auto trials = study.trials();
  REQUIRE(trials.size() == 5);
  CHECK(trials[0].parameters.at("real").value == 1.5);
  CHECK(trials[0].parameters.at("kind").value == 2);
  CHECK(trials[0].parameters.at("width").value == 1);
  CHECK(trials[1].parameters.at("frac").value == 3);
  study.enqueue({{"kind", "posit"}});
  CHECK(error_text([&] { study.optimize(every_kind, {.trials = 6}); }) ==
        "parameter kind: the given value \"posit\" is not of categorical {\"fixed\", \"float\", \"log\"}");
}

TEST_CASE("a study may begin with a given trial, whoever runs it first, and what that leaves open is drawn") {
  const auto options = [](std::map<std::string, Choice> first, std::filesystem::path journal = {}) {
    StudyOptions o{.name = "s", .sampler = "random", .journal = std::move(journal)};
    o.first = std::move(first);
    return o;
  };
  Study plain(options({}));
  plain.optimize(every_kind, {.trials = 4});
  Study study(options({{"width", std::int64_t{16}}, {"kind", "float"}, {"denormals", true}}));
  study.optimize(every_kind, {.trials = 4});
  const std::vector<TrialRecord> trials = study.trials();
  CHECK(contains(lines(study)[0], " kind=\"float\""));
  CHECK(contains(lines(study)[0], " width=16"));
  CHECK(contains(lines(study)[0], " denormals=true"));
  for (const std::size_t i : {1, 2, 3}) CHECK(lines(study)[i] == lines(plain)[i]);

  // In a file it is the same, and a process that goes on does not begin again.
  const ingot::test::TemporaryFolder folder;
  for (const int n : {1, 4}) {
    Study resumed(options(study.options().first, folder.path() / "study.log"));
    resumed.optimize(every_kind, {.trials = n});
    if (n == 4) CHECK(lines(resumed) == lines(study));
  }
}

TEST_CASE("asking and telling by hand is a search too") {
  Study study({.directions = {Direction::maximize}});
  for (int i = 0; i < 30; ++i) {
    Trial trial = study.ask();
    CHECK(trial.number() == i);
    const double x = trial.suggest_float("x", -5, 5);
    CHECK(trial.suggest_float("x", -5, 5) == x);
    CHECK(study.tell(trial, {-x * x}));
  }
  CHECK(study.best().values[0] > -0.1);
  { const Trial forgotten = study.ask(); }
  Trial again = study.ask();  // a trial that was not told is run again
  CHECK(again.number() == 30);
}

TEST_CASE(
    "a look at a study shows the trials themselves: those of which there are copies, and of other processes too") {
  const ingot::test::TemporaryFolder folder;
  const StudyOptions options{.name = "shared", .sampler = "random", .journal = folder.path() / "study.log"};
  const Objective sum_of_squares = [](Trial& trial) { return std::vector{squared(trial)}; };
  Study one(options), two(options);
  one.optimize(sum_of_squares, {.trials = 3});
  const std::vector<TrialRecord> copies = two.trials();
  two.look([&](const History& known) {
    REQUIRE(known.trials.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(known.trials[i].values == copies[i].values);
  });
  const TrialRecord* before = nullptr;
  one.look([&](const History& known) { before = &known.trials[0]; });
  two.optimize(sum_of_squares, {.trials = 5});
  one.look([&](const History& known) {
    CHECK(known.trials.size() == 5);
    CHECK(&known.trials[0] == before);
  });
}

TEST_CASE("the best trial is the first of equals, and none where none is complete") {
  Study study({});
  CHECK(error_text([&] { study.best(); }) == "study study: no feasible trial is complete, of 0");
  const double values[] = {3, 1, 2, 1, -std::numeric_limits<double>::infinity()};
  for (const double value : values) {
    Trial trial = study.ask();
    if (std::isinf(value)) trial.set_constraints({0.5});  // complete, but not allowed
    study.tell(trial, {value});
  }
  CHECK(study.best().number == 1);
}

TEST_CASE("a duplicate is answered from the trial that it repeats, or drawn again") {
  const auto run = [](Duplicates duplicates, int n_trials) {
    Study study({.sampling = {.seed = 4}, .duplicates = duplicates});
    int n_evaluated = 0;
    study.optimize(
        [&](Trial& trial) {
          const int a = trial.suggest_categorical<int>("a", {1, 2, 3}),
                    b = trial.suggest_categorical<int>("b", {1, 2, 3, 4});
          trial.settle();
          ++n_evaluated;
          return std::vector<double>{static_cast<double>(a * 10 + b)};
        },
        {.trials = n_trials});
    std::set<double> values;
    for (const TrialRecord& t : study.trials()) values.insert(t.values.at(0));
    for (const TrialRecord& t : study.trials()) {
      if (!t.system_attributes.contains("ingot:duplicate_of")) continue;
      const auto other = study.trials()[t.system_attributes["ingot:duplicate_of"].get<std::size_t>()];
      CHECK(other.number < t.number);
      CHECK(other.values == t.values);
    }
    CHECK(study.trials().size() == static_cast<std::size_t>(n_trials));
    return std::pair{n_evaluated, values.size()};
  };
  CHECK(run(Duplicates::evaluate, 40).first == 40);
  const auto [n_cached, n_cached_values] = run(Duplicates::cached, 40);
  CHECK(n_cached == static_cast<int>(n_cached_values));
  CHECK(run(Duplicates::resample, 12) == std::pair{12, std::size_t{12}});  // every configuration once
  CHECK(run(Duplicates::resample, 14) == std::pair{12, std::size_t{12}});
}

TEST_CASE("what breaks a constraint is never paid for") {
  Study study({.sampling = {.seed = 6}});
  int n_paid = 0;
  study.optimize(
      [&](Trial& trial) {
        double bits = 0, loss = 0;
        for (int i = 0; i < 6; ++i) {
          const double width = trial.suggest_ordinal<int>(fmt::format("w{}", i), {2, 4, 8, 16});
          bits += width;
          loss += std::exp(-width / 4) * (i + 1);
        }
        trial.settle({bits - 36});
        ++n_paid;
        CHECK(bits <= 36);
        return std::vector{loss};
      },
      {.trials = 60});
  CHECK(n_paid == 60);
  // A constraint that nothing fulfils: the trials are pruned, and the search ends.
  Study never({});
  never.optimize(
      [](Trial& trial) {
        trial.suggest_float("x", 0, 1);
        trial.settle({1.0});
        return std::vector{0.0};
      },
      {.trials = 15});
  for (const TrialRecord& t : never.trials()) {
    CHECK(t.state == State::pruned);
    CHECK(t.violation == 1);
  }
}

TEST_CASE("the front of several objectives is what no trial dominates") {
  Study study({.directions = {Direction::minimize, Direction::maximize}, .sampling = {.seed = 3}});
  study.optimize(
      [](Trial& trial) {
        const double x = trial.suggest_float("x", 0, 1), y = trial.suggest_float("y", 0, 1);
        return std::vector{x * x + y, -(x - 1) * (x - 1) - y};
      },
      {.trials = 80});
  const auto front = study.pareto_front();
  const auto trials = study.trials();
  std::set<int> expected;
  for (const TrialRecord& a : trials) {
    bool is_dominated = false;
    for (const TrialRecord& b : trials) {
      is_dominated |= b.values[0] <= a.values[0] && b.values[1] >= a.values[1] && b.values != a.values;
    }
    if (!is_dominated) expected.insert(a.number);
  }
  std::set<int> found;
  for (const TrialRecord& t : front) found.insert(t.number);
  CHECK(found == expected);
  CHECK(contains(error_text([&] { study.best(); }), "no trial is best"));
  CHECK(contains(error_text([&] {
                   Trial trial = study.ask();
                   trial.report(0.5, 1);
                 }),
                 "takes no reports"));
}

TEST_CASE("distributions refuse what makes no range") {
  CHECK(contains(error_text([] { Distribution::real(2, 1); }), "the low end must be at most the high end"));
  CHECK(contains(error_text([] { Distribution::real(0, 1, 0.3); }), "must be a multiple of the step 0.3, is 1"));
  CHECK(contains(error_text([] { Distribution::log_real(0, 1); }), "must start above 0, starts at 0"));
  CHECK(contains(error_text([] { Distribution::log_integer(0, 4); }), "must start above 0"));
  CHECK(contains(error_text([] { Distribution::integer(0, 4, 0); }), "the step must be at least 1, got 0"));
  CHECK(contains(error_text([] { Distribution::real(0, std::numeric_limits<double>::infinity()); }), "the low end"));
  CHECK(contains(error_text([] { Distribution::categorical({}); }), "at least one item"));
  CHECK(contains(error_text([] { Distribution::categorical({"a", "a"}); }), "holds \"a\" twice"));
  CHECK(Distribution::real(0, 0.5, 0.05).contains(0.15000000000000002));
  CHECK_FALSE(Distribution::integer(0, 8, 2).contains(3));
}

TEST_CASE("distributions survive the way through a journal's text") {
  for (const Distribution& d :
       {Distribution::real(-1.5, 1e300), Distribution::real(0, 0.5, 0.05), Distribution::log_real(1e-300, 0.1),
        Distribution::integer(-9007199254740992, 9007199254740992), Distribution::integer(3, 9, 3),
        Distribution::log_integer(1, 77),
        Distribution::categorical({std::monostate(), true, std::int64_t{-3}, 0.1, "\"\n\u00e9"})}) {
    CHECK(from_optuna(to_optuna(d)) == d);
  }
  // Optuna knows no order of items: the values that users gave are what its plots show.
  const std::vector<Choice> widths{std::int64_t{128}, std::int64_t{192}};
  CHECK(to_optuna(Distribution::ordinal(widths)) ==
        R"({"attributes":{"choices":[128,192]},"name":"CategoricalDistribution"})");
  CHECK(from_optuna(to_optuna(Distribution::ordinal(widths))) == Distribution::categorical(widths));
  CHECK(to_optuna(Distribution::real(0, 1)) ==
        R"({"attributes":{"high":1.0,"log":false,"low":0.0,"step":null},"name":"FloatDistribution"})");
}

TEST_CASE("a constraint that is no number is refused before anything keeps it") {
  const History history;
  TrialRecord trial;
  for (const char* key : {"constraints", "constraints:0"}) {
    ingot::engine::Json value = "much";
    if (std::string_view(key) == "constraints") value = ingot::engine::Json::array({0.5, "much"});
    CHECK(contains(error_text([&] { history.set_system_attribute(trial, key, value); }), "a constraint"));
    CHECK_FALSE(trial.system_attributes.contains(key));
  }
  CHECK_FALSE(history.set_system_attribute(trial, "note", "much"));
  CHECK(history.set_system_attribute(trial, "constraints:0", 0.5));
}
