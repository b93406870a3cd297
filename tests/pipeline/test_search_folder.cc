// What a search leaves in its folder and finds there again, whatever became of it meanwhile.
#include <doctest/doctest.h>

#include "bert/head.h"
#include "pipeline/scores.h"
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
    pipeline::TrialClock clock(trial);
    const pipeline::Reports reports(trial, clock, file, 1);
    return study.trials().back().reports;
  };
  CHECK(reports_of("[[2, 0.5], [4, 1]]") == std::map<std::int64_t, double>{{2, 0.5}, {4, 1.0}});
  for (const char* wrong :
       {"", "{}", "[1]", "[[]]", "[[1]]", "[[1, 2, 3]]", "[[1.5, 2]]", "[[1, \"2\"]]", "[{\"a\": 1}]"}) {
    INFO(wrong);
    CHECK(contains(error_text([&] { reports_of(wrong); }), file.string()));
  }
}

TEST_CASE("scores of the best model are read whole, or refused by the name of a member") {
  const bert::Head& head = bert::head_for(data::Answers::label);
  const engine::Json whole =
      engine::parse_json(R"({"examples": 12, "evaluated_on": "texts kept for the end of a search",
    "accuracy": 0.5, "f1": 0.25, "loss": 0.7, "validation_accuracy": 0.75, "data_fingerprint": "ce09ff33e69b1b8a",
    "labels": ["bad", "good"], "layers": [], "sparsity": 0, "average_bits": 32, "packed_bytes": 9, "float_bytes": 10,
    "classes": [{"label": "bad", "precision": null, "recall": 0, "f1": 0, "support": 6, "predicted": 0},
                {"label": "good", "precision": 0.5, "recall": 1, "f1": 0.5, "support": 6, "predicted": 12}],
    "confusion": [[0, 6], [0, 6]]})",
                         "result.json");
  const auto read = [&](const engine::Json& json) {
    return pipeline::model_scores_from_json(engine::Saved(json, "result.json"), head);
  };
  const auto scores = read(whole);
  REQUIRE(scores.has_value());
  CHECK(scores->validation == 0.75);
  CHECK(scores->labels == std::vector<std::string>{"bad", "good"});
  CHECK(scores->scores.classes.classes.size() == 2);
  for (const char* member : {"examples", "evaluated_on", "validation_accuracy", "labels", "layers", "packed_bytes"}) {
    INFO(member);
    engine::Json wrong = whole;
    wrong[member] = engine::Json::object({{"a", 1}});
    CHECK(contains(error_text([&] { read(wrong); }), "result.json: "));
    wrong.erase(member);
    CHECK_FALSE(read(wrong).has_value());
  }
}
