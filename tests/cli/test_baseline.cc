// ingot baseline, as its users meet it.
#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "data/batches.h"
#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

Json result_of(const Workplace& place, const std::string& words) {
  const Outcome outcome = place.run("baseline " + words + " --json");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  return Json::parse(outcome.out);
}

// As Workplace wrote them.
std::vector<std::string> texts_of_train_csv() {
  const char* const words[] = {"iron", "steel", "copper", "apple", "plum", "cherry"};
  std::vector<std::string> texts;
  for (int i = 0; i < 120; ++i)
    texts.push_back(fmt::format("the {} number {} is {} here", words[i % 6], i, i % 4 == 0 ? "small" : "large"));
  return texts;
}

}  // namespace

TEST_CASE("baseline learns what words say, and writes what other commands write") {
  const Workplace place;
  const Json result = result_of(place, "--data train.csv --out base");
  for (const char* key : {"f1", "loss", "validation_loss", "temperature", "features", "iterations", "reading_seconds",
                          "fitting_seconds", "confusion", "options", "build"}) {
    CHECK_MESSAGE(result.contains(key), key);
  }
  CHECK(result["accuracy"] == 1.0);
  CHECK(result["evaluated_on"] == "validation");
  CHECK(result["examples"] == 12);  // a tenth
  CHECK(result["training_texts"] == 108);
  CHECK(Json::parse(test::text_of_file(place / "base/result.json")) == result);
  CHECK(contains(test::text_of_file(place / "base/config.toml"), "ngrams = 3"));
  const Outcome again = place.run("baseline --config base/config.toml --out again --threads 2");
  REQUIRE_MESSAGE(again.code == 0, again.error);
  CHECK(again.out.starts_with("validation accuracy 1.0000, F1 1.0000, loss "));
  CHECK(contains(again.out, "temperature "));
  CHECK(Json::parse(test::text_of_file(place / "again/result.json"))["objective"] == result["objective"]);
}

TEST_CASE("baseline trains on the texts that train trains on, and evaluates the test part") {
  const Workplace place;
  fs::create_directory(place / "parts");
  fs::copy(place / "train.csv", place / "parts/train.csv");
  place.write("parts/test.csv", "text,label\niron here,metal\nplum here,fruit\ncherry,fruit\niron,fruit\n");
  const Json result = result_of(place, "--data parts --validation 20 --ngrams 1");
  CHECK(result["evaluated_on"] == "test");
  CHECK(result["examples"] == 4);
  CHECK(result["accuracy"] == 0.75);
  CHECK(result["validation_texts"] == 20);
  // The words of the texts that train's split, data::hold_out, leaves to train on.
  const std::vector<std::string> texts = texts_of_train_csv();
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < texts.size(); ++i) labels.push_back(i % 6 < 3);
  std::set<std::string> words;
  for (const std::size_t i : data::hold_out(labels, 20, 1).train) {
    std::istringstream text(texts[i]);
    for (std::string word; text >> word;) words.insert(word);
  }
  CHECK(result["features"] == words.size());
  CHECK(result_of(place, "--data parts --validation 20 --ngrams 1 --seed 2")["objective"] != result["objective"]);
  place.write("parts/validation.csv", "text,label\nsteel,metal\napple,fruit\n");
  const Json own = result_of(place, "--data parts");
  CHECK(own["training_texts"] == 120);
  CHECK(own["validation_texts"] == 2);
}

TEST_CASE("baseline takes any number of classes") {
  const Workplace place;
  std::string table = "text,label\n";
  for (int i = 0; i < 200; ++i) table += fmt::format("word{} is number {},class{}\n", i % 5, i, i % 5);
  place.write("five.csv", table);
  const Json result = result_of(place, "--data five.csv --buckets 16 --c 2");
  CHECK(result["accuracy"] == 1.0);
  CHECK(result["classes"].size() == 5);
  CHECK(result["labels"].size() == 5);
}

TEST_CASE("baseline says in one sentence what is wrong, and ends with code 2") {
  const Workplace place;
  const auto says = [&](const std::string& words, const std::string& sentence) {
    const Outcome outcome = place.run("baseline " + words);
    INFO(words, ": ", outcome.error);
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.error, sentence));
    CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
  };
  place.write("one.csv", "text,label\na,x\nb,x\n");
  place.write("two.csv", "text,label\na,x\nb,y\n");
  place.write("none.csv", "text,label\n");
  place.write("plain.txt", "a text\nwithout labels\n");
  says("--data one.csv --out base --quiet", "one.csv: training needs at least two labels, found 1");
  says("--data plain.txt --quiet", "training needs at least two labels, found 0");
  says("--data none.csv --quiet", "none.csv");
  says("--data absent.csv", "absent.csv");
  says("--data two.csv --validation 2 --quiet", "--validation: must be between 1 and 1, got 2");
  says("--data two.csv --ngrams 9", "--ngrams: must be between 1 and 8, got 9");
  says("--data two.csv --buckets 40", "--buckets: must be between 1 and 26, got 40");
  says("--data two.csv --c 0", "--c: must be above 0, got 0");
  says("", "--data");
  CHECK_FALSE(fs::exists(place / "base"));
}

TEST_CASE("baseline's result has the same numbers on 1, 2 and 3 threads") {
  const Workplace place;
  Json first = result_of(place, "--data train.csv --threads 1");
  for (const char* threads : {"2", "3"}) {
    const Json other = result_of(place, std::string("--data train.csv --threads ") + threads);
    for (const char* key : {"loss", "validation_loss", "temperature", "objective", "iterations"})
      CHECK(other[key] == first[key]);
  }
}
