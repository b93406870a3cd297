// What a search leaves in its folder and finds there again, whatever became of it meanwhile.
#include <doctest/doctest.h>

#include "pipeline/searches/folder.h"
#include "pipeline/searches/trial.h"
#include "search/study.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::contains;
using test::error_text;

TEST_CASE("best.json tells which trial the best model is of, or is refused by name") {
  const test::TemporaryFolder folder;
  const pipeline::SearchFolder search(folder / "search", {.command = "search nas"});
  const auto file = search.path() / "best.json";
  const search::TrialRecord trial{.number = 3, .values = {0.5, 2}};
  CHECK_FALSE(search.holds_model_of(trial));
  test::put(file, "{\"number\": 3, \"values\": [0.5, 2]}");
  CHECK(search.holds_model_of(trial));
  test::put(file, "{\"number\": 4, \"values\": [0.5, 2]}");
  CHECK_FALSE(search.holds_model_of(trial));
  for (const char* wrong : {"", "[]", "{}", "{\"number\": 3}", "{\"number\": 3, \"values\": [0.5]}",
                            "{\"number\": 4294967299, \"values\": [0.5, 2]}", "{\"number\": 3.5, \"values\": [0.5, 2]}",
                            "{\"number\": 3, \"values\": [0.5, \"2\"]}"}) {
    INFO(wrong);
    test::put(file, wrong);
    CHECK(contains(error_text([&] { search.holds_model_of(trial); }), file.string()));
  }
}

TEST_CASE("reports that a trial has made are made again, or refused by the name of their file") {
  const test::TemporaryFolder folder;
  search::Study study({});
  const auto file = folder / "reports.json";
  const auto reports_of = [&](const char* text) {
    test::put(file, text);
    search::Trial trial = study.ask();
    const pipeline::Reports reports(trial, file, 1);
    return study.trials().back().reports;
  };
  CHECK(reports_of("[[2, 0.5], [4, 1]]") == std::map<std::int64_t, double>{{2, 0.5}, {4, 1.0}});
  for (const char* wrong :
       {"", "{}", "[1]", "[[]]", "[[1]]", "[[1, 2, 3]]", "[[1.5, 2]]", "[[1, \"2\"]]", "[{\"a\": 1}]"}) {
    INFO(wrong);
    CHECK(contains(error_text([&] { reports_of(wrong); }), file.string()));
  }
}
