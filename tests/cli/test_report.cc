// ingot report on runs that ingot made.
#include <doctest/doctest.h>

#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using test::contains;
using test::Outcome;
using test::Workplace;

TEST_CASE("a run, a search and both together open as one page; the same folders give the same bytes") {
  const Workplace place;
  const std::string sizes = "--data train.csv --tokenizer vocab.txt --heads 2 --ffn 16 --length 16 --batch 16 --quiet ";
  REQUIRE(place.run("train " + sizes + "--layers 1 --hidden 16 --epochs 2 --out a").code == 0);
  REQUIRE(place
              .run("search nas " + sizes +
                   "--layers 1 --hidden 8,16 --steps 2 --trials 3 --objectives accuracy,parameters --out s")
              .code == 0);
  const Outcome one = place.run("report a --out a.html");
  REQUIRE_MESSAGE(one.code == 0, one.error);
  CHECK(one.out == "page: a.html\n");
  const std::string page = test::text_of_file(place / "a.html");
  for (const char* title : {">Results<", ">Training<", ">Classes<", ">How it was made<", "Validation loss over steps"})
    CHECK(contains(page, title));
  CHECK_FALSE(contains(page, ">Search<"));
  CHECK_FALSE(contains(page, (place / "").string()));
  REQUIRE(place.run("report a s --out both.html").code == 0);
  const std::string both = test::text_of_file(place / "both.html");
  for (const char* title : {"best so far", "a line a trial over its parameters",
                            "no trial beats those of the front in both", "All 3 trials"})
    CHECK(contains(both, title));
  REQUIRE(place.run("report a s --out again.html").code == 0);
  CHECK(both == test::text_of_file(place / "again.html"));
}

TEST_CASE("a folder that is no run is named, with exit code 2, and no page is written") {
  const Workplace place;
  place.write("texts/a.csv", "text,label\n");
  const Outcome none = place.run("report texts --out page.html");
  CHECK(none.code == 2);
  CHECK(contains(none.error, "texts: is no folder of a run: it has no result.json, metrics.jsonl or config.toml"));
  CHECK(place.run("report missing").code == 2);
  CHECK(place.run("report").code == 2);
  CHECK_FALSE(std::filesystem::exists(place / "page.html"));
}

TEST_CASE("a lab opens as its figure, accuracy against bytes, and its rows; fields of other types end nothing") {
  const Workplace place;
  place.write("lab/result.json", R"({"command": "lab", "lab": "1.1", "options": {"data": "x.csv"}, "rows": [
      {"name": "float", "title": "float32", "series": "float32", "accuracy": 0.9, "validation_accuracy": 0.9,
       "packed_bytes": 4000, "seed": 1},
      {"name": "calibrated-8", "title": "<b>8 bits</b>", "series": "calibrated, PTQ", "accuracy": 0.89, "packed_bytes": 1000},
      {"name": "open", "title": "not done", "state": "open"}, 3, {"name": 3}, {"name": "x", "accuracy": "high"},
      {"name": "y", "accuracy": 1, "best_so_far": 3, "packed_bytes": "many"}]})");
  const Outcome run = place.run("report lab --out lab.html");
  REQUIRE_MESSAGE(run.code == 0, run.error);
  const std::string page = test::text_of_file(place / "lab.html");
  for (const char* text :
       {"Lab 1.1: quantisation after training against training with it", "accuracy against the size", "All 3 rows",
        "&lt;b&gt;8 bits&lt;/b&gt;", ">0.8900<", "not in the figure: row y: packed_bytes: must be an integer"})
    CHECK(contains(page, text));
  CHECK_FALSE(contains(page, "<b>8"));
}

TEST_CASE("a model is shown at work on the data of its run: the worst texts, their words and where heads look") {
  const Workplace place;
  place.write("test.csv", "text,label\n\"the <b>iron</b> is here\",fruit\n\"the plum is small\",fruit\n");
  REQUIRE(
      place
          .run(
              "train --train train.csv --test test.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 "
              "--length 16 --quiet --out a")
          .code == 0);
  REQUIRE(place.run("report a --out a.html").code == 0);
  const std::string page = test::text_of_file(place / "a.html");
  for (const char* text : {">Texts<", ">Words<", ">Attention<", "2 test texts of",
                           "the &lt;b&gt;iron&lt;/b&gt; is here", "attention.csv", "the text that it did worst on"})
    CHECK_MESSAGE(contains(page, text), text);
  CHECK_FALSE(contains(page, (place / "").string()));
  REQUIRE(place.run("report a --out again.html").code == 0);
  CHECK(page == test::text_of_file(place / "again.html"));
  REQUIRE(place.run("report --text \"the copper\" --text plum a --texts train.csv --out named.html").code == 0);
  const std::string named = test::text_of_file(place / "named.html");
  for (const char* text : {">copper</span>", ">plum</span>"}) CHECK(contains(named, text));
}

TEST_CASE("a run whose config.toml names another file than it has read shows nothing of that file") {
  const Workplace place;
  REQUIRE(place
              .run("train --data train.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 "
                   "--quiet --out a")
              .code == 0);
  place.write("private.csv", "text,label\nmy secret iron,metal\nmy secret plum,fruit\n");
  std::string config = test::text_of_file(place / "a/config.toml");
  const std::size_t at = config.find("train.csv");
  REQUIRE(at != std::string::npos);
  place.write("a/config.toml", config.replace(at, 9, "private.csv"));
  REQUIRE(place.run("report a --out a.html").code == 0);
  const std::string page = test::text_of_file(place / "a.html");
  CHECK(contains(page, "a: its data (private.csv) is not here, or not as it was"));
  CHECK_FALSE(contains(page, "secret iron"));
  REQUIRE(place.run("report a --texts private.csv --out named.html").code == 0);  // as the user says so
  CHECK(contains(test::text_of_file(place / "named.html"), "secret iron"));
}

TEST_CASE("texts of a run that are gone are said on its page; texts that a user names must be there") {
  const Workplace place;
  REQUIRE(place
              .run("train --data train.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 "
                   "--quiet --out a")
              .code == 0);
  std::filesystem::remove(place / "train.csv");
  REQUIRE(place.run("report a --out a.html").code == 0);
  CHECK(contains(test::text_of_file(place / "a.html"), "a: its data (train.csv) is not here, or not as it was"));
  const Outcome missing = place.run("report a --texts none.csv --out b.html");
  CHECK(missing.code == 2);
  CHECK(contains(missing.error, "none.csv"));
  CHECK(place.run("report a --text ' ' --out b.html").code == 2);
  CHECK_FALSE(std::filesystem::exists(place / "b.html"));
}
