// What is said of each class, and what helps a rare one.
#include <doctest/doctest.h>

#include "engine/io/json.h"
#include "report/class_report.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

// 300 texts, 15 of them rare. Half of those with a plum are: too few to be said so, enough where classes weigh the
// same.
void write_rare(const Workplace& place) {
  std::string table = "text,label\n";
  for (int i = 0; i < 300; ++i) {
    const bool is_rare = i % 20 == 0, has_plum = is_rare || i % 10 == 1;
    table += fmt::format("the {} number is {} here,{}\n", has_plum ? "plum" : "iron", i % 3 == 0 ? "small" : "large",
                         is_rare ? "rare" : "common");
  }
  place.write("rare.csv", table);
}

const std::string kTrain =
    "train --data rare.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --batch 16 --lr "
    "1e-2 --dropout 0 --validation 60 --quiet ";

Json result_of(const Workplace& place, const std::string& run) {
  return Json::parse(test::text_of_file(place / (run + "/result.json")));
}

Json row_of(const Json& result, const std::string& label) {
  for (const Json& row : result["classes"]) {
    if (row["label"] == label) return row;
  }
  return {};
}

bert::ClassScores one_of_each(std::int32_t n) {
  std::vector<std::int32_t> truths, predictions;
  for (std::int32_t i = 0; i < n; ++i) {
    truths.push_back(i);
    predictions.push_back(i % 2 == 0 ? i : 0);
  }
  return bert::class_scores(truths, predictions, n);
}

std::vector<std::string> names_of(std::size_t n) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < n; ++i) names.push_back(fmt::format("class{}", i));
  return names;
}

}  // namespace

TEST_CASE("a class that is never predicted is said so, and balanced weights find it") {
  const Workplace place;
  write_rare(place);
  const Outcome plain = place.run(kTrain + "--epochs 8 --out plain");
  REQUIRE_MESSAGE(plain.code == 0, plain.error);
  const Json before = result_of(place, "plain");
  CHECK(row_of(before, "rare")["predicted"] == 0);
  CHECK(row_of(before, "rare")["precision"].is_null());
  CHECK(row_of(before, "rare")["recall"] == 0.0);
  CHECK(row_of(before, "common")["recall"] == 1.0);
  CHECK(contains(plain.out, "note: never predicted, though 3 of 60 texts have it: rare; "));
  CHECK(contains(plain.out, "--class-weights balanced"));
  CHECK(contains(plain.out, "truth \\ predicted  common  rare\ncommon"));

  const Outcome balanced = place.run(kTrain + "--epochs 8 --class-weights balanced --best-by f1 --out balanced");
  REQUIRE_MESSAGE(balanced.code == 0, balanced.error);
  const Json after = result_of(place, "balanced");
  CHECK(row_of(after, "rare")["recall"] == 1.0);
  CHECK_FALSE(contains(balanced.out, "never predicted"));
  CHECK(after["f1"].get<double>() > before["f1"].get<double>());
  CHECK(after["confusion"][1][1] == row_of(after, "rare")["support"]);

  const Outcome eval = place.run("eval plain --data rare.csv --quiet");
  CHECK(contains(eval.out, "class   precision  recall      F1  texts  predicted\n"));
  CHECK(contains(eval.out, "note: never predicted, though 15 of 300 texts have it: rare"));
  const Json evaluated = Json::parse(place.run("eval plain --data rare.csv --quiet --json").out);
  CHECK(evaluated["confusion"] == Json::parse("[[285, 0], [15, 0]]"));
  CHECK(row_of(evaluated, "rare")["support"] == 15);
}

TEST_CASE("the best checkpoint is chosen by what is asked for, also by a run that was killed and goes on") {
  const Workplace place;
  write_rare(place);
  for (const std::string by : {"f1", "loss", "accuracy"}) {
    INFO(by);
    const std::string words = kTrain + "--epochs 6 --save-every 7 --class-weights balanced --best-by " + by + " --out ";
    REQUIRE(place.run(words + by).code == 0);
    const Json result = result_of(place, by);
    Json best;
    std::istringstream lines(test::text_of_file(place / (by + "/metrics.jsonl")));
    for (std::string line; std::getline(lines, line);) {
      Json metrics = Json::parse(line);
      if (!metrics.contains("score")) continue;
      const double sign = by == "loss" ? -1 : 1;
      CHECK(metrics["score"].get<double>() == sign * metrics["validation_" + by].get<double>());
      if (best.is_null() || metrics["score"] > best["score"]) best = metrics;
    }
    CHECK(result["best_step"] == best["step"]);
    CHECK(result["validation_accuracy"] == best["validation_accuracy"]);
    const std::string weights = test::text_of_file(place / (by + "/best/model.safetensors"));
    REQUIRE(place.run(words + by + "-again", "", "timeout -s INT 0.2 env").code >= 0);
    REQUIRE(place.run(words + by + "-again --resume").code == 0);
    CHECK(test::text_of_file(place / (by + "-again/best/model.safetensors")) == weights);
  }
  const Outcome other = place.run(kTrain + "--epochs 6 --save-every 7 --class-weights balanced --out f1 --resume");
  CHECK(other.code == 2);
  CHECK(contains(other.error, "best-by: saved \"f1\", now none"));
}

TEST_CASE("quantize and prune report classes too, and refuse options that would do nothing") {
  const Workplace place;
  write_rare(place);
  REQUIRE(place.run(kTrain + "--epochs 1 --out run").code == 0);
  const Outcome pruned =
      place.run("prune run --data rare.csv --batch 16 --epochs 1 --class-weights balanced --quiet --out p");
  REQUIRE_MESSAGE(pruned.code == 0, pruned.error);
  CHECK(contains(pruned.out, "precision"));
  CHECK(result_of(place, "p")["classes"].size() == 2);
  const Outcome quantized = place.run("quantize run --data rare.csv --quiet --out q");
  REQUIRE_MESSAGE(quantized.code == 0, quantized.error);
  CHECK(result_of(place, "q")["confusion"].size() == 2);
  const auto refused = [&](const std::string& words, const std::string& sentence) {
    const Outcome outcome = place.run(words + " --data rare.csv --out none");
    CHECK(outcome.code == 2);
    CHECK_MESSAGE(contains(outcome.error, sentence), outcome.error);
  };
  refused("quantize run --class-weights balanced", "are about training, and there are no epochs of it");
  refused("prune run --best-by f1", "are about training, and there are no epochs of it");
  refused("train --best-by recall", "--best-by: must be one of accuracy, f1, loss, got 'recall'");
  refused("train --class-weights heavy", "--class-weights: must be none or balanced, got 'heavy'");
}

TEST_CASE("of many classes the worst are shown, and what is left out is said") {
  const auto report_of = [](std::int32_t n) {
    return report::class_report(one_of_each(n), names_of(static_cast<std::size_t>(n)));
  };
  CHECK(contains(to_text(report_of(8)), "truth \\ predicted"));
  CHECK_FALSE(contains(to_text(report_of(8)), "(12 of"));
  const report::ClassReport many = report_of(30);
  const std::string text = to_text(many);
  CHECK(contains(text, "(12 of 30 classes, those with the lowest F1; --json and result.json have all)\n"));
  CHECK(contains(text, "class1 "));
  CHECK_FALSE(contains(text, "class28"));
  CHECK(contains(text, "most often class1 taken for class0 1 times, "));
  CHECK(contains(text, "though 15 of 30 texts have it: class1, class3, class5, class7, class9 and 10 more"));
  CHECK(as_json(many)["classes"].size() == 30);
  CHECK(as_json(many)["confusion"].size() == 30);
  const report::ClassReport most = report_of(101);
  CHECK_FALSE(as_json(most).contains("confusion"));
  CHECK(contains(to_text(most), "(no confusion matrix: 101 classes, more than 100)"));
  CHECK(to_text(report::ClassReport()).empty());
  CHECK(as_json(report::ClassReport()) == Json::object());
}

TEST_CASE("a report that is read again is the one that was written, and what is damaged is named") {
  const report::ClassReport written = report::class_report(one_of_each(3), names_of(3));
  const auto read = [](const Json& json) { return report::class_report_from_json({json, "result.json"}); };
  CHECK(as_json(read(as_json(written))) == as_json(written));
  CHECK(to_text(read(as_json(written))) == to_text(written));
  CHECK(read(Json::object()).classes.empty());
  const auto fault = [&](Json json, const std::function<void(Json&)>& damage) {
    damage(json);
    return test::error_text([&] { read(json); });
  };
  const Json whole = as_json(written);
  CHECK(fault(whole, [](Json& json) { json["classes"] = 3; }) == "result.json: classes: must be an array, got 3");
  CHECK(fault(whole, [](Json& json) { json["classes"][1]["f1"] = "high"; }) ==
        "result.json: classes[1]: f1: must be a number, got \"high\"");
  CHECK(fault(whole, [](Json& json) { json["classes"][2].erase("support"); }) ==
        "result.json: classes[2]: has no support");
  CHECK(fault(whole, [](Json& json) { json["classes"][0]["predicted"] = 0.5; }) ==
        "result.json: classes[0]: predicted: must be an integer, got 0.5");
  CHECK(fault(whole, [](Json& json) { json["confusion"].erase(std::size_t{1}); }) ==
        "result.json: confusion must have 3 rows and columns, one a class");
}

TEST_CASE("labels cannot reach the terminal or break a table") {
  const bert::ClassScores scores =
      bert::class_scores(std::vector<std::int32_t>{0, 1}, std::vector<std::int32_t>{1, 1}, 2);
  const std::string text = to_text(report::class_report(scores, {"evil\x1b[2J\nname", std::string(200, 'x')}));
  CHECK(contains(text, "evil\\x1b[2J\\nname"));
  CHECK_FALSE(contains(text, "\x1b"));
  CHECK_FALSE(contains(text, std::string(40, 'x')));
}
