// ingot search nas on a small table of texts: alone, beside another process, killed, compressing.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

std::string nas(const std::string& more) {
  return "search nas --data train.csv --tokenizer vocab.txt --layers 1,2 --heads 1,2 --hidden 8,16 --ffn 8,16 "
         "--length 16 --batch 8 --steps 20 --lr 1e-2 --validation 20 --out nas " +
         more;
}

Json run(const Workplace& place, const std::string& words) {
  const Outcome outcome = place.run(words + " --json --quiet");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  return Json::parse(outcome.out);
}

// Without what a clock decides.
Json trials_of(const Json& result) {
  Json trials = result["trials"];
  for (Json& trial : trials) trial.erase("seconds");
  return trials;
}

}  // namespace

TEST_CASE("a search for architectures leaves its best model, with all four sizes and what was left out in it") {
  const Workplace place;
  const Json result = run(place, nas("--trials 8"));
  CHECK(result["trials"].size() == 8);
  CHECK(result["distinct"] == 8);
  CHECK(result["unfinished"] == 0);
  const Json best = result["best"]["parameters"],
             config = Json::parse(test::text_of_file(place / "nas/best/config.json"));
  CHECK(config["num_hidden_layers"] == best["layers"]);
  CHECK(config["num_attention_heads"] == best["heads"]);
  CHECK(config["hidden_size"] == best["hidden"]);
  CHECK(config["intermediate_size"] == best["ffn"]);
  std::size_t n_identities = 0;
  for (const auto& [name, value] : best.items()) n_identities += value == "identity";
  CHECK(config.value("ingot_identities", Json::array()).size() == n_identities);
  double highest = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    highest = std::max(highest, result["trials"][i]["values"]["accuracy"].get<double>());
    CHECK(result["best_so_far"][i] == highest);
    CHECK(result["trials"][i]["parameters"].size() ==
          4 + 4 * result["trials"][i]["parameters"]["layers"].get<std::size_t>());
  }
  CHECK(result["validation_accuracy"] == highest);
  const std::string journal = test::text_of_file(place / "nas/study.log");
  CHECK(test::contains(journal, R"(\"choices\":[8,16])"));  // sizes, not places in a list
  CHECK_FALSE(test::contains(journal, "IntDistribution"));

  // What the journal says is what the model is: its accuracy on the held-out texts, measured again by eval.
  const Outcome again =
      place.run("quantize nas/best --data train.csv --format fixed --width 16 --out q --validation 20");
  REQUIRE_MESSAGE(again.code == 0, again.error);
  const Outcome refused = place.run("export nas/best hf");
  CHECK((refused.code == 2) == (n_identities > 0));
}

TEST_CASE("a trained trial is the model that train makes of the same sizes and steps") {
  const Workplace place;
  run(place, nas("--trials 1 --steps 0 --epochs 2 --identity never"));
  const Outcome outcome = place.run(
      "train --data train.csv --tokenizer vocab.txt --sizes-of nas/best --length 16 --batch 8 --epochs 2 --lr 1e-2 "
      "--validation 20 --quiet --out run");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  CHECK(test::text_of_file(place / "run/last/model.safetensors") ==
        test::text_of_file(place / "nas/best/model.safetensors"));
  CHECK(test::text_of_file(place / "run/last/config.json") == test::text_of_file(place / "nas/best/config.json"));
}

TEST_CASE("a trial that teachers teach is the model that train makes with them, compressed and trained on too") {
  const Workplace place;
  const std::string taught = "--teacher ngrams --teacher-weight 0.8 --temperature 2 ";
  run(place, nas("--trials 1 --steps 0 --epochs 2 --identity never " + taught));
  const Outcome outcome = place.run(
      "train --data train.csv --tokenizer vocab.txt --sizes-of nas/best --length 16 --batch 8 --epochs 2 --lr 1e-2 "
      "--validation 20 --quiet --out run " +
      taught);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  const std::string model = test::text_of_file(place / "nas/best/model.safetensors");
  CHECK(test::text_of_file(place / "run/last/model.safetensors") == model);
  const std::string compressed =
      "--trials 1 --identity never --compress 'fixed(4,calibrated)' --fine-tune-steps 20 --fine-tune-lr 1e-2 ";
  std::string models[2];
  for (const bool is_taught : {false, true}) {
    fs::remove_all(place / "nas");
    const Json result = run(place, nas(compressed + (is_taught ? taught : "")));
    CHECK(result["trials"][0]["bytes"] == result["packed_bytes"]);
    models[is_taught] = test::text_of_file(place / "nas/best/model.safetensors");
  }
  CHECK(models[0] != models[1]);
}

TEST_CASE("a search killed in a trial goes on in it, and ends with the trials of one that was not") {
  const Workplace place;
  const std::string words = nas("--trials 3 --steps 400 --save-every 20 --pruner median --resume");
  const Json whole = run(place, words);
  const std::string model = test::text_of_file(place / "nas/best/model.safetensors");
  for (const int signal : {SIGINT, SIGKILL}) {
    fs::remove_all(place / "nas");
    const pid_t process = place.start(words);
    CHECK(Workplace::wait_until([&] { return fs::exists(place / "nas/trials/1/float/training.safetensors"); }));
    const int status = Workplace::end(process, signal);
    if (signal == SIGINT) CHECK(WEXITSTATUS(status) == 130);
    CHECK(fs::exists(place / "nas/trials/1"));
    const Json result = run(place, words);
    CHECK(trials_of(result) == trials_of(whole));
    CHECK(test::text_of_file(place / "nas/best/model.safetensors") == model);
    CHECK_FALSE(fs::exists(place / "nas/trials/1"));
  }
}

TEST_CASE("what a trial took before it was killed counts, up to its last report") {
  const Workplace place;
  const std::string words = nas("--trials 1 --steps 2000 --save-every 100 --resume");
  const pid_t process = place.start(words);
  const auto noted_line = [&] {
    std::ifstream journal(place / "nas/study.log");
    std::string line;
    while (std::getline(journal, line) && !test::contains(line, R"("user_attr":{"seconds":)")) line.clear();
    return line;
  };
  CHECK(Workplace::wait_until([&] { return !noted_line().empty(); }));
  Workplace::end(process, SIGKILL);
  const std::string noted = noted_line();
  REQUIRE_FALSE(noted.empty());
  // As if it had taken 1000 seconds until then.
  Json record = Json::parse(noted);
  CHECK(record["user_attr"]["seconds"].get<double>() > 0);
  record["user_attr"]["seconds"] = 1000;
  std::ofstream(place / "nas/study.log", std::ios::app) << record.dump() << "\n";
  const double seconds = run(place, words)["trials"][0]["seconds"].get<double>();
  CHECK(seconds > 1000);
  CHECK(seconds < 1500);
}

TEST_CASE("a trial reports to its pruner as often, and on as many texts, as is asked for") {
  const Workplace place;
  const Json result = run(place, nas("--trials 2 --pruner 'median(n_startup_trials=1)' --reports 4 --report-texts 8"));
  for (const Json& trial : result["trials"]) {
    if (trial["state"] != "complete") continue;
    REQUIRE(trial["reports"].size() == 4);
    for (const Json& report : trial["reports"]) {
      CHECK(report[0].get<int>() % 4 == 0);  // of 20 steps, and none at their end
      const double right = report[1].get<double>() * 8;
      CHECK(right == doctest::Approx(std::round(right)));
    }
  }
  CHECK(result["trials"][0]["state"] == "complete");
}

TEST_CASE("two processes share a search: every trial is done once, and the last one leaves the whole") {
  const Workplace place;
  const std::string words = nas("--trials 8 --steps 60 --threads 1 --sampler random --resume");
  const pid_t one = place.start(words, ".one"), two = place.start(words, ".two");
  CHECK(WEXITSTATUS(Workplace::end(one)) == 0);
  CHECK(WEXITSTATUS(Workplace::end(two)) == 0);
  const Json result = Json::parse(test::text_of_file(place / "nas/result.json"));
  REQUIRE(result["trials"].size() == 8);
  CHECK(result["states"]["complete"] == 8);
  CHECK(result["unfinished"] == 0);
  const std::string said = test::text_of_file(place / "stderr.one") + test::text_of_file(place / "stderr.two");
  for (int i = 0; i < 8; ++i) {
    const std::string line = fmt::format("trial {}: complete", i);
    CHECK(said.find(line) != std::string::npos);
    CHECK(said.find(line) == said.rfind(line));
  }
  const Json best = Json::parse(test::text_of_file(place / "nas/best.json"));
  CHECK(best["number"] == result["best"]["number"]);

  // The same trials by one process, two at a time or one after the other: random ones learn nothing from each other.
  fs::remove_all(place / "nas");
  CHECK(trials_of(run(place, nas("--trials 8 --steps 60 --sampler random --jobs 2"))) == trials_of(result));
}

TEST_CASE("trials are quantised, pruned and trained on inside the search") {
  const Workplace place;
  const Json at_once = run(place, nas("--trials 2 --compress 'fixed(4,calibrated)' --sparsity 0.5 --embeddings"));
  CHECK(at_once["average_bits"].get<double>() < 8);
  CHECK(at_once["sparsity"].get<double>() == doctest::Approx(0.5).epsilon(0.05));
  CHECK(fs::exists(place / "nas/best/compression.json"));
  const Outcome eval = place.run("eval nas/best --data train.csv --json");
  REQUIRE_MESSAGE(eval.code == 0, eval.error);
  fs::remove_all(place / "nas");
  const Json tuned = run(place, nas("--trials 2 --compress 'fixed(4,calibrated)' --sparsity 0.5 --embeddings "
                                    "--fine-tune-steps 30 --fine-tune-lr 1e-2"));
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(tuned["trials"][i]["float_accuracy"] == at_once["trials"][i]["float_accuracy"]);
  }
  CHECK(tuned["average_bits"] == at_once["average_bits"]);
  // Of the texts, all but the 20 for validation, 8 a step: so many steps are an epoch.
  const auto tuned_for = [&](const std::string& how_long) {
    fs::remove_all(place / "nas");
    return trials_of(run(place, nas("--trials 1 --compress 'fixed(4,calibrated)' --fine-tune-lr 1e-2 " + how_long)));
  };
  const std::string table = test::text_of_file(place / "train.csv");
  const auto n_texts = std::count(table.begin(), table.end(), '\n') - 1 - 20;
  CHECK(tuned_for("--fine-tune-epochs 2") == tuned_for(fmt::format("--fine-tune-steps {}", 2 * ((n_texts + 7) / 8))));
  CHECK(test::text_of_file(place / "nas/best/model.safetensors").size() > 1000);
}

TEST_CASE("two objectives give a front, and a limit keeps large models from being tried") {
  const Workplace place;
  const Json result = run(place, nas("--trials 6 --objectives accuracy,parameters --max-parameters 9000"));
  REQUIRE(!result["front"].empty());
  for (const Json& trial : result["trials"]) CHECK(trial["values"]["parameters"].get<double>() <= 9000);
  double last_accuracy = 2, last_size = 1e9;
  for (const Json& number : result["front"]) {  // from the most accurate to the smallest
    const Json values = result["trials"][number.get<std::size_t>()]["values"];
    CHECK(values["accuracy"].get<double>() < last_accuracy);
    CHECK(values["parameters"].get<double>() < last_size);
    last_accuracy = values["accuracy"];
    last_size = values["parameters"];
  }
}

TEST_CASE("a trial that diverges fails, and the search goes on") {
  const Workplace place;
  const Outcome outcome = place.run(nas("--trials 2 --lr 1e30 --json --quiet"));
  CHECK(outcome.code == 1);
  CHECK(test::contains(outcome.error, "no trial of 2 is complete"));
  const Json result = Json::parse(outcome.out);
  CHECK(result["states"]["failed"] == 2);
  CHECK(test::contains(result["trials"][0]["reason"].get<std::string>(), "became"));
}

TEST_CASE("what a killed process left of finished trials goes when the search goes on, and nothing else") {
  const Workplace place;
  run(place, nas("--trials 2"));
  CHECK_FALSE(fs::exists(place / "nas/trials/0"));
  for (const char* left :
       {"nas/config.toml.tmp12", "nas/trials/0/float/training.safetensors.tmp12", "nas/trials/1/reports.json",
        "nas/trials/1.lock", "nas/trials/notes/mine", "nas/trials/7/mine"})
    place.write(left, "x");
  run(place, nas("--trials 2 --resume"));
  CHECK_FALSE(fs::exists(place / "nas/config.toml.tmp12"));
  CHECK_FALSE(fs::exists(place / "nas/trials/0"));
  CHECK_FALSE(fs::exists(place / "nas/trials/1"));
  CHECK_FALSE(fs::exists(place / "nas/trials/1.lock"));
  CHECK(fs::exists(place / "nas/trials/notes/mine"));
  CHECK(fs::exists(place / "nas/trials/7/mine"));  // of no trial of this search
}

TEST_CASE("a grid tries every combination once, and no more") {
  const Workplace place;
  const Json result = run(place, nas("--sampler grid --identity never --layers 1 --ffn 8 --trials 100"));
  CHECK(result["trials"].size() == 4);
  CHECK(result["distinct"] == 4);
}

TEST_CASE("search nas says what is wrong before any work, and exits with 2") {
  const Workplace place;
  const auto refused = [&](const std::string& more, const std::string& part) {
    const Outcome outcome = place.run(nas(more));
    INFO(more, ": ", outcome.error);
    CHECK(outcome.code == 2);
    CHECK(test::contains(outcome.error, part));
  };
  refused("--layers 2,x", "--layers: must be integers from 1 to 1024, such as 2,4,8, got 'x'");
  refused("--layers 2,2", "--layers: names 2 twice");
  refused("--hidden 16,8", "--hidden: must ascend, got 16,8");
  refused("--heads ''", "--heads: must be a list such as a,b,c, got ''");
  refused("--sampler gp", "sampler: must be one of tpe, random, grid, got 'gp'");
  refused("--sampler grid --identity each", "--sampler grid: lists every combination");
  refused("--identity some", "--identity: must be each, role or never, got 'some'");
  refused("--pruner 'median(n_startup_trials=x)'",
          "pruner median: n_startup_trials must be an integer between 0 and 1000000000, got 'x'");
  refused("--pruner best", "pruner: must be one of none, median, halving, hyperband, got 'best'");
  refused("--pruner median --objectives accuracy,bits", "--pruner median: goes with one objective");
  refused("--objectives bits", "--objectives: the first must be accuracy, got 'bits'");
  refused("--objectives accuracy,beauty", "--objectives: must be of accuracy, parameters, bits, bytes, got 'beauty'");
  refused("--embeddings", "are about compressed models");
  refused("--compress 'ternary_pow2(1)'", "--compress: inputs cannot have numbers such as ternary_pow2(1)");
  refused("--compress ''", "--compress: must be a number format, got ''");
  refused("--compress 'fixed(8,sums)'", "--compress: only a bias has the fraction bits of sums, got fixed(8,sums)");
  refused("--compress float33", "float33");
  refused("--temperature 2", "are about a teacher; name one with --teacher");
  refused("--teacher nowhere", "nowhere");
  CHECK_FALSE(fs::exists(place / "nas"));
  run(place, nas("--trials 1"));
  refused("--trials 2", "holds a run already; choose another folder, or --resume it");
  refused("--trials 2 --resume --lr 1e-3", "study nas was started with lr 0.01, not 0.001");
  refused("--trials 2 --resume --teacher ngrams", "study nas was started with");
  place.write("nas/study.log", "text\n");
  refused("--trials 2 --resume", "study.log: line 1: not valid JSON: ");
  place.write("other/file", "x");
  const Outcome outcome = place.run(nas("--out other"));
  CHECK(outcome.code == 2);
  CHECK(test::contains(outcome.error, "--out other: is no empty folder, and holds no search"));
}

TEST_CASE("a full disk ends a search with a sentence, and it goes on when there is room") {
  const Workplace place;
  const Json whole = run(place, nas("--trials 2"));
  fs::remove_all(place / "nas");
  const Outcome full = place.run(nas("--trials 2 --quiet"), "", "ulimit -f 8;");
  CHECK(full.code == 1);
  CHECK(full.error.starts_with("ingot: "));
  CHECK(trials_of(run(place, nas("--trials 2 --resume"))) == trials_of(whole));
}
