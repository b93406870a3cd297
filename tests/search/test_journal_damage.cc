// Journals after a power loss, journals of earlier versions, and journals that somebody made to hurt.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "search/history/json.h"
#include "search/storage/journal_file.h"
#include "tests/search/study_of.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::search;
using ingot::engine::read_file;
using ingot::engine::write_file;
using ingot::test::contains;
using ingot::test::error_text;
using ingot::test::every_kind;
using ingot::test::lines;
using ingot::test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

struct Opened {
  std::vector<std::string> lines, notes;
  std::string error;
};

// The study `s` of a file with these bytes, which is then searched up to so many trials.
Opened opened(const TemporaryFolder& folder, const std::string& bytes, int n_trials) {
  write_file(folder / "j", bytes);
  Opened result;
  result.error = error_text([&] {
    Study study({.name = "s", .sampling = {.seed = 9}, .journal = folder / "j", .note = [&](const std::string& note) {
                   result.notes.push_back(note.substr(note.find("j: ") + 3));
                 }});
    study.optimize(every_kind, {.trials = n_trials});
    result.lines = lines(study);
  });
  if (const auto at = result.error.find("j: "); at != std::string::npos) result.error.erase(0, at + 3);
  return result;
}

std::string journal_of(const TemporaryFolder& folder, int n_trials) {
  fs::remove(folder / "j");
  opened(folder, "", n_trials);
  return read_file(folder / "j");
}

std::string study_record(const std::string& name) {
  return fmt::format("{{\"op_code\":0,\"worker_id\":\"w\",\"study_name\":\"{}\",\"directions\":[1]}}\n", name);
}

std::string trial_record(int study) {
  return fmt::format("{{\"op_code\":4,\"worker_id\":\"w\",\"study_id\":{},\"datetime_start\":null}}\n", study);
}

std::string parameter_record(int trial, const std::string& name, double value, const std::string& distribution) {
  return fmt::format(
      "{{\"op_code\":5,\"worker_id\":\"w\",\"trial_id\":{},\"param_name\":\"{}\",\"param_value_internal\":{},"
      "\"distribution\":{}}}\n",
      trial, name, value, ingot::engine::Json(distribution).dump());
}

std::string attribute_record(int trial, const std::string& attribute) {
  return fmt::format("{{\"op_code\":9,\"worker_id\":\"w\",\"trial_id\":{},\"system_attr\":{}}}\n", trial, attribute);
}

// A second, or some with sanitizers beside other tests; what takes quadratic time takes many minutes.
struct IsFast {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  ~IsFast() { CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(100)); }
};

}  // namespace

TEST_CASE("what a power loss left behind the last whole line is cut off, and that is said") {
  const TemporaryFolder folder;
  const std::string whole = journal_of(folder, 4), zeros(5000, '\0');
  const std::vector<std::string> wanted = opened(folder, whole, 4).lines;
  CHECK(opened(folder, whole, 4).notes.empty());
  const std::string torn = "{\"op_code\":9,\"worker_id\":\"in";
  const struct {
    std::string tail, note;
  } cases[] = {{zeros, "5000 zero bytes"},
               {torn, "28 bytes of an unfinished record"},
               {torn + zeros, "28 bytes of an unfinished record and 5000 zero bytes"},
               {"{\"o" + std::string(1, '\0'), "3 bytes of an unfinished record and 1 zero bytes"},
               {std::string(20'000'000, '\0'), "20000000 zero bytes"}};
  for (const auto& c : cases) {
    CAPTURE(c.note);
    const Opened study = opened(folder, whole + c.tail, 4);
    CHECK(study.error.empty());
    CHECK(study.lines == wanted);
    REQUIRE(study.notes.size() == 1);
    CHECK(study.notes[0] == "cut off " + c.note + " behind its last whole line");
    CHECK(read_file(folder / "j") == whole);
    CHECK(opened(folder, whole + c.tail, 7).lines == opened(folder, whole, 7).lines);  // and it goes on
  }
  const Opened empty = opened(folder, zeros, 4);  // the loss came with the first record
  CHECK(empty.notes.size() == 1);
  CHECK(empty.lines == wanted);
}

TEST_CASE("damage between whole lines is an error that names the line, and the file stays as it is") {
  const TemporaryFolder folder;
  const std::string whole = journal_of(folder, 4);
  const std::size_t second = whole.find('\n') + 1, third = whole.find('\n', second) + 1;
  const std::string zeros(100, '\0');
  const auto refused = [&](const std::string& bytes) {
    const std::string error = opened(folder, bytes, 6).error;
    CHECK(read_file(folder / "j") == bytes);
    return error;
  };
  const std::string holds_zeros = "holds zero bytes, as a power loss leaves them";
  CHECK(refused(whole.substr(0, second) + zeros + whole.substr(second)).starts_with("line 2: " + holds_zeros));
  CHECK(refused(whole.substr(0, third - 1) + zeros + whole.substr(third - 1)).starts_with("line 2: " + holds_zeros));
  CHECK(refused(whole.substr(0, second) + zeros + "\n").starts_with("line 2: " + holds_zeros));
  CHECK(refused(whole.substr(0, third - 9) + whole.substr(third)).starts_with("line 2: not valid JSON: "));
  CHECK(refused(whole + "a torn line of another file") == "is not a journal: its last line is no part of a record");
}

TEST_CASE("a study that was deleted and made again under its name begins anew") {
  const TemporaryFolder folder;
  const std::string whole = journal_of(folder, 4);
  const auto deletion = [](int study) {
    return fmt::format("{{\"op_code\":1,\"worker_id\":\"w\",\"study_id\":{}}}\n", study);
  };
  const std::vector<std::string> wanted = opened(folder, "", 3).lines;
  // Made again by us; by another before we come; with others before it; twice; with trials of its own.
  CHECK(opened(folder, whole + deletion(0), 3).lines == wanted);
  CHECK(opened(folder, whole + deletion(0) + study_record("s"), 3).lines == wanted);
  CHECK(
      opened(folder, study_record("t") + study_record("s") + deletion(0) + deletion(1) + study_record("t"), 3).lines ==
      wanted);
  CHECK(opened(folder, whole + deletion(0) + study_record("s") + deletion(1) + study_record("s"), 3).lines == wanted);
  const std::string again = whole + deletion(0) + study_record("s") + trial_record(1) + trial_record(0);
  CHECK(opened(folder, again, 3).lines.size() == 3);  // the one of a study that is gone is nobody's
  CHECK(opened(folder, again, 3).lines[0] == "0 running");
  // Another distribution under a name of the old study.
  CHECK(opened(folder,
               whole + deletion(0) + study_record("s") + trial_record(1) +
                   parameter_record(4, "kind", 0, to_optuna(Distribution::categorical({"x", "y"}))),
               2)
            .error ==
        "parameter kind: is categorical {\"x\", \"y\"} in this study, and categorical {\"fixed\", "
        "\"float\", \"log\"} here");
  // A deletion under a search that holds trials of the study ends it.
  Study study({.name = "held", .journal = folder / "held"});
  const Trial trial = study.ask();
  write_file(folder / "copy", read_file(folder / "held") + deletion(0));
  fs::copy_file(folder / "copy", folder / "held", fs::copy_options::overwrite_existing);
  CHECK(contains(error_text([&] { study.trials(); }), "study 'held' was deleted"));
}

TEST_CASE("journals hold the values that users gave, and the names of what is measured") {
  const TemporaryFolder folder;
  StudyOptions options{.name = "s",
                       .metric_names = {"accuracy", "bits"},
                       .directions = {Direction::maximize, Direction::minimize},
                       .sampling = {.seed = 9, .model = TpeModel::multivariate},
                       .batch = 3,
                       .journal = folder / "j"};
  const Objective objective = [](Trial& trial) {
    const int width = trial.suggest_ordinal<int>("width", {64, 192, 256});
    trial.settle();
    return std::vector{width + trial.suggest_float("x", 0, 1), 1.0};
  };
  {
    Study study(options);
    study.enqueue({{"width", std::int64_t{192}}});
    study.optimize(objective, {.trials = 15});
    CHECK(study.trials()[0].parameters.at("width").value == 1);
  }
  const std::string text = read_file(folder / "j");
  CHECK(contains(text, R"({"study:metric_names":["accuracy","bits"]})"));
  CHECK(contains(text, R"(\"choices\":[64,192,256])"));
  CHECK_FALSE(contains(text, "IntDistribution"));
  const std::size_t order = text.find("ingot:ordinal:width"), first = text.find("CategoricalDistribution");
  CHECK(order < first);
  CHECK(contains(text, R"(\"width\":192)"));  // of trials that run side by side, for whoever models them
  Study study(options);
  for (const TrialRecord& t : study.trials()) {
    CHECK(t.parameters.at("width").distribution->kind == Distribution::Kind::integer);
    CHECK(t.parameters.at("width").distribution->choices.size() == 3);
  }
  study.optimize(objective, {.trials = 30});
  options.journal.clear();
  Study whole(options);
  whole.enqueue({{"width", std::int64_t{192}}});
  whole.optimize(objective, {.trials = 30});
  CHECK(lines(study) == lines(whole));
  options.metric_names = {"accuracy"};
  CHECK(contains(error_text([&] { const Study wrong(options); }), "as many metric names as directions, 2, got 1"));
}

TEST_CASE("ordinals of an older journal stay the integers that it holds") {
  const TemporaryFolder folder;
  std::string old = study_record("s");
  old += R"({"op_code":3,"worker_id":"w","study_id":0,"system_attr":{"ingot:ordinal:width":[8,16,32]}})"
         "\n";
  const std::string integers = to_optuna(Distribution::integer(0, 2));
  for (int i = 0; i < 3; ++i) {
    old += trial_record(0) + parameter_record(i, "width", i, integers);
    old += fmt::format("{{\"op_code\":6,\"worker_id\":\"w\",\"trial_id\":{},\"state\":1,\"values\":[{}.0]}}\n", i, i);
  }
  old += R"({"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null,"state":4,"value":null,"values":null,)"
         R"("params":{},"distributions":{},"user_attrs":{},"system_attrs":{"fixed_params":{"width":2}},)"
         R"("intermediate_values":{}})"
         "\n";
  const Opened study = opened(folder, old, 6);
  CHECK(study.error.empty());
  REQUIRE(study.lines.size() == 6);
  CHECK(contains(study.lines[1], "width=16"));
  CHECK(contains(study.lines[3], "width=32"));  // the index that was enqueued
  const std::string after = read_file(folder / "j").substr(old.size());
  CHECK(contains(after, "\"width\",\"param_value_internal\":"));
  CHECK_FALSE(contains(after, R"(\"choices\":[8)"));  // Optuna would drop a parameter that changes its kind
}

TEST_CASE("a trial that was copied whole has its state, its value and its times") {
  const TemporaryFolder folder;
  const std::string copied =
      R"({"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2024-02-29T23:59:58.000001",)"
      R"("datetime_complete":"2024-03-01T00:00:00.500000","state":1,"value":0.5,"values":null,"params":{},)"
      R"("distributions":{},"user_attrs":{},"system_attrs":{},"intermediate_values":{}})"
      "\n";
  ingot::engine::write_file(folder / "j", study_record("s") + copied);
  Study study({.name = "s", .journal = folder / "j"});
  REQUIRE(study.trials().size() == 1);
  const TrialRecord trial = study.trials()[0];
  CHECK(trial.state == State::complete);
  CHECK(trial.values == std::vector{0.5});
  CHECK(trial.started == "2024-02-29T23:59:58.000001");
  CHECK(trial.completed == "2024-03-01T00:00:00.500000");
}

TEST_CASE("a size drawn again and again keeps its order in the journal") {
  const TemporaryFolder folder;
  const auto search = [&](int n) {
    Study study({.name = "s", .sampling = {.seed = 1}, .duplicates = Duplicates::resample, .journal = folder / "j"});
    study.optimize(
        [](Trial& trial) {
          const int width = trial.suggest_ordinal<int>("width", {8, 16, 32});
          trial.settle({width == 16 ? 0.0 : 1.0, trial.number() == 0 ? 0.0 : -1.0});
          return std::vector{width * 1.0};
        },
        {.trials = n});
    return study.trials();
  };
  for (const int n : {1, 2, 3}) {
    for (const TrialRecord& t : search(n)) {
      REQUIRE(t.parameters.contains("width"));
      CHECK(t.parameters.at("width").distribution->kind == Distribution::Kind::integer);
    }
  }
}

TEST_CASE("attributes that nest too deep are refused with their line") {
  const TemporaryFolder folder;
  const std::string begin = study_record("s") + trial_record(0);
  for (const int depth : {70, 1'000'000}) {
    const std::string deep =
        std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
    const std::string user = "{\"op_code\":8,\"worker_id\":\"w\",\"trial_id\":0,\"user_attr\":{\"a\":" + deep + "}}\n";
    CHECK(opened(folder, begin + user, 2).error == "line 3: JSON must not nest deeper than 64 levels");
    CHECK(opened(folder, begin + attribute_record(0, "{\"a\":" + deep + "}"), 2).error ==
          "line 3: JSON must not nest deeper than 64 levels");
    CHECK(opened(folder, begin + parameter_record(0, "x", 0, deep), 2).error ==
          "line 3: distribution: JSON must not nest deeper than 64 levels");
    // Values drawn together are JSON in a text; what is none is passed by.
    const std::string joint = ingot::engine::Json({{"tpe:relative_params:0", "{\"a\":" + deep + "}"}}).dump();
    CHECK(opened(folder, begin + attribute_record(0, joint), 2).error.empty());
  }
}

TEST_CASE("an integer parameter has a value that a double holds exactly, or the line is named") {
  const TemporaryFolder folder;
  const std::string begin = study_record("s") + trial_record(0), range = to_optuna(Distribution::integer(0, 2));
  CHECK(opened(folder, begin + parameter_record(0, "x", -4, range), 1).lines.at(0) == "0 running x=-4");
  for (const double value : {1e300, -1e19})
    CHECK(opened(folder, begin + parameter_record(0, "x", value, range), 1).error ==
          fmt::format("line 3: {} of integer [0, 2] must lie within +-2^53", value));
}

TEST_CASE("a line without an end is read up to a limit") {
  const TemporaryFolder folder;
  const IsFast fast;
  const std::string begin = study_record("s");
  CHECK(opened(folder, begin + "{\"op_code\":" + std::string(100'000'000, ' '), 1).error ==
        "is not a journal: its last line is no part of a record");
  CHECK(opened(folder, begin + "{\"op_code\":" + std::string(kMostLineBytes, ' ') + "\n", 1).error ==
        fmt::format("line 2: must have at most {} bytes", kMostLineBytes));
}

TEST_CASE("many studies, distributions, items, constraints and parts are read in linear time") {
  const TemporaryFolder folder;
  SUBCASE("100,000 studies, some made twice, some deleted") {
    const IsFast fast;
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += study_record(std::to_string(i % 90'000));
    for (int i = 0; i < 50'000; ++i) text += fmt::format("{{\"op_code\":1,\"worker_id\":\"w\",\"study_id\":{}}}\n", i);
    CHECK(opened(folder, text, 1).lines.size() == 1);
  }
  SUBCASE("60,000 distributions of one name") {
    const IsFast fast;
    std::string text = study_record("s");
    for (int i = 0; i < 60'000; ++i) {
      text += trial_record(0) + parameter_record(i, "x", 0, to_optuna(Distribution::integer(0, i)));
    }
    CHECK(opened(folder, text, 60'000).lines.size() == 60'000);
  }
  SUBCASE("a list of 100,000 items, and one that holds an item twice") {
    const IsFast fast;
    ingot::engine::Json choices = ingot::engine::Json::array();
    for (int i = 0; i < 100'000; ++i) choices.push_back("item " + std::to_string(i));
    const auto record = [&] {
      return parameter_record(
          0, "x", 99'999,
          ingot::engine::Json{{"name", "CategoricalDistribution"}, {"attributes", {{"choices", choices}}}}.dump());
    };
    const std::string begin = study_record("s") + trial_record(0);
    CHECK(opened(folder, begin + record(), 1).lines.at(0) == "0 running x=\"item 99999\"");
    choices.push_back("item 7");
    CHECK(opened(folder, begin + record(), 1).error == "line 3: distribution: a list holds \"item 7\" twice");
  }
  SUBCASE("60,000 constraints and 3,000 parts of a joint draw, one at a time") {
    const IsFast fast;
    std::string text = study_record("s") + trial_record(0);
    for (int i = 0; i < 60'000; ++i) text += attribute_record(0, fmt::format("{{\"constraints:{}\":0.5}}", i));
    for (int i = 0; i < 3'000; ++i) {
      text += attribute_record(0, fmt::format("{{\"tpe:relative_params:{}\":\"{}\"}}", i, std::string(2000, 'a')));
    }
    write_file(folder / "j", text);
    Study study({.name = "s", .journal = folder / "j"});
    CHECK(study.trials().at(0).violation == 30'000);
  }
  SUBCASE("the best of 60,000 trials, each better than the last") {
    const IsFast fast;
    std::string text = study_record("s");
    for (int i = 0; i < 60'000; ++i) {
      text += trial_record(0);
      text += fmt::format("{{\"op_code\":6,\"worker_id\":\"w\",\"trial_id\":{},\"state\":1,\"values\":[{}]}}\n", i, -i);
    }
    write_file(folder / "j", text);
    CHECK(Study({.name = "s", .journal = folder / "j"}).best().number == 59'999);
  }
}

TEST_CASE("a disk that fills up under an objective ends the search instead of failing trial after trial") {
  Study study({});
  CHECK_THROWS_AS(
      study.optimize([](Trial&) -> std::vector<double> { throw ingot::engine::Failure("disk full"); }, {.trials = 5}),
      ingot::engine::Failure);
  CHECK(study.trials().size() == 1);
  CHECK(study.trials()[0].state == State::running);  // to be run again
}
