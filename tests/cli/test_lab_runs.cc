// ingot lab at work on a small table of texts: alone, killed, beside another process.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "labs/folder.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

std::string lab(const std::string& more, const std::string& name = "1.1") {
  return "lab " + name + " --data train.csv --from start --batch 8 --out lab " + more;
}

// A workplace with a trained model.
struct LabPlace : Workplace {
  LabPlace() { REQUIRE(run(Workplace::train("--out start")).code == 0); }
};

Json json_of(const fs::path& file) { return Json::parse(test::text_of_file(file)); }

Json row_of(const Json& lab_result, const std::string& name) {
  for (const Json& row : lab_result["rows"]) {
    if (row["name"] == name) return row;
  }
  return {};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("a lab leaves a table, a figure, and results that say the same, and does nothing twice") {
  const LabPlace place;
  const Outcome first = place.run(lab("--rows 'control-*' --json"));
  REQUIRE_MESSAGE(first.code == 0, first.error);
  const Json result = Json::parse(first.out);
  CHECK(result == json_of(place / "lab/result.json"));
  const std::string table = test::text_of_file(place / "lab/table.md");
  for (const std::string name : {"float", "control-0.0003", "control-0.0001", "control-0.001"}) {
    INFO(name);
    const Json row = row_of(result, name), own = json_of(place / ("lab/rows/" + name + "/result.json"));
    CHECK(row["state"] == "done");
    for (const char* key : {"accuracy", "f1", "loss", "examples", "seed", "options"}) CHECK(row[key] == own[key]);
    CHECK(test::contains(
        table, fmt::format("| {} | {:.4f} | ", row["title"].get<std::string>(), own["accuracy"].get<double>())));
    CHECK(row["seconds"].get<double>() > 0);
    CHECK(test::contains(first.error, fmt::format("] {}: accuracy {:.4f}, ", name, own["accuracy"].get<double>())));
  }
  CHECK(test::contains(row_of(result, "control-0.001")["typed"][0].get<std::string>(),
                       "ingot train --from start --epochs 1 --lr 0.001 --length 16 --batch 8 --data train.csv "
                       "--seed 1 --out lab/rows/control-0.001"));
  CHECK_FALSE(fs::exists(place / "lab/rows/control-0.001/training.safetensors"));
  CHECK_FALSE(test::contains(table, "reference"));  // those figures are IMDb's

  // A process that was killed right after a row leaves what only a continuation would need: the next one removes it.
  place.write("lab/rows/control-0.001/last/model.safetensors", "x");
  place.write("lab/rows/control-0.001/training.safetensors", "x");
  const Outcome second = place.run(lab("--rows 'control-*' --json"));
  REQUIRE_MESSAGE(second.code == 0, second.error);
  CHECK_FALSE(test::contains(second.error, "$ ingot"));
  CHECK(Json::parse(second.out)["rows"] == result["rows"]);
  CHECK(test::text_of_file(place / "lab/table.md") == table);
  CHECK_FALSE(fs::exists(place / "lab/rows/control-0.001/last"));
  CHECK_FALSE(fs::exists(place / "lab/rows/control-0.001/training.safetensors"));
}

TEST_CASE("a lab leaves its figure as SVG and the points of it as CSV, and needs no other program for them") {
  const LabPlace place;
  const Outcome run = place.run(lab("--rows float --quiet"), "", "PATH=/none");
  CHECK(run.code == 0);
  CHECK(test::contains(run.out, "table.md, result.json, figure.svg, figure.csv"));
  const std::string svg = test::text_of_file(place / "lab/figure.svg");
  CHECK(svg.starts_with("<svg"));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(test::contains(svg, "float32"));
  CHECK(test::text_of_file(place / "lab/figure.csv").starts_with("series,x,y,error,label\nfloat32,"));
}

TEST_CASE("a lab that was interrupted or killed in a row goes on in it, to the bits of one that was not") {
  const LabPlace place;
  std::string texts = "text,label\n";
  for (int i = 0; i < 4000; ++i) {
    texts += fmt::format("the {} number is large,{}\n", i % 2 != 0 ? "iron" : "plum", i % 2 != 0 ? "metal" : "fruit");
  }
  place.write("train.csv", texts);
  const std::string words = lab("--rows control-0.001");
  const fs::path row = place / "lab/rows/control-0.001";
  REQUIRE(place.run(words + " --quiet").code == 0);
  const std::string model = test::text_of_file(row / "best/model.safetensors");
  for (const int signal : {SIGINT, SIGKILL}) {
    fs::remove_all(place / "lab");
    const pid_t process = place.start(words);
    CHECK(Workplace::wait_until([&] { return fs::exists(row / "training.safetensors"); }));
    const int status = Workplace::end(process, signal);
    if (signal == SIGINT) {
      CHECK(WEXITSTATUS(status) == 130);
      CHECK(test::contains(test::text_of_file(place / "stderr"),
                           "ingot: stopped in row control-0.001; the same command goes on\n"));
    }
    CHECK_FALSE(fs::exists(row / "row.json"));
    const Outcome resumed = place.run(words + " --json");
    REQUIRE_MESSAGE(resumed.code == 0, resumed.error);
    CHECK(test::contains(resumed.error, "--resume"));
    CHECK(row_of(Json::parse(resumed.out), "control-0.001")["resumed"] == true);
    CHECK(test::text_of_file(row / "best/model.safetensors") == model);
  }
}

TEST_CASE("Ctrl-C stops a lab that waits, with a word about how to go on") {
  const LabPlace place;
  const std::string words = lab("--rows control-0.001 --quiet");
  std::optional<engine::FileLock> lock;
  fs::create_directories(place / "lab/locks");
  lock.emplace(place / "lab/locks/float", engine::Wait::yes);
  const pid_t waiting = place.start(words);
  CHECK(Workplace::wait_until([&] { return fs::exists(place / "lab/lab.json"); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const int status = Workplace::end(waiting, SIGINT);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(test::text_of_file(place / "stderr") == "ingot: stopped; the same command goes on\n");
}

TEST_CASE("two processes share a lab: every row is done once, and both end with the whole") {
  for (const std::string number : {"1.1", "1.2"}) {
    const LabPlace place;
    const std::string words = lab("--threads 1", number);
    const pid_t one = place.start(words, ".one"), two = place.start(words, ".two");
    CHECK(WEXITSTATUS(Workplace::end(one)) == 0);
    CHECK(WEXITSTATUS(Workplace::end(two)) == 0);
    const std::string said = test::text_of_file(place / "stderr.one") + test::text_of_file(place / "stderr.two");
    const Json result = json_of(place / "lab/result.json");
    for (const Json& row : result["rows"]) {
      const std::string name = row["name"].get<std::string>();
      INFO(name, ": ", said);
      CHECK(row["state"] == "done");
      CHECK(count(said, "] " + name + ": accuracy") == 1);
      const fs::path packed = place / ("lab/rows/" + name + "/packed/packed.safetensors");
      if (fs::exists(packed)) CHECK(row["packed_bytes"] == fs::file_size(packed));
      if (number == "1.1" && name.starts_with("whole")) CHECK(fs::exists(packed));
      CHECK(row.contains("flips") == (name != "float" && name != "n-grams"));
    }
  }
}

TEST_CASE("the flips of a row are the texts whose predicted label is not the float model's") {
  const LabPlace place;
  const Outcome run = place.run(lab("--rows random-0.9 --json", "1.2"));
  REQUIRE_MESSAGE(run.code == 0, run.error);
  const auto predicted = [&](const std::string& model) {
    const Outcome predict = place.run("predict " + model + " --data train.csv --out answered.csv");
    REQUIRE_MESSAGE(predict.code == 0, predict.error);
    std::vector<std::string> labels;
    std::ifstream file(place / "answered.csv");
    for (std::string line; std::getline(file, line);) labels.push_back(line.substr(0, line.rfind(',')));
    return labels;
  };
  const std::vector<std::string> floats = predicted("start"), pruned = predicted("lab/rows/random-0.9");
  REQUIRE(floats.size() == 121);  // with the headers
  REQUIRE(pruned.size() == 121);
  int n_different = 0;
  for (std::size_t i = 0; i < floats.size(); ++i) n_different += floats[i] != pruned[i];
  CHECK(row_of(Json::parse(run.out), "random-0.9")["flips"] == n_different / 120.0);
  CHECK(n_different > 0);
}

TEST_CASE("a row that another process does is waited for if others need it, and left to it if none does") {
  const LabPlace place;
  fs::create_directories(place / "lab/locks");
  std::optional<engine::FileLock> lock;
  lock.emplace(place / "lab/locks/float", engine::Wait::yes);
  const pid_t waiting = place.start(lab("--rows control-0.001"));
  CHECK(Workplace::wait_until([&] { return fs::exists(place / "lab/lab.json"); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK_FALSE(fs::exists(place / "lab/rows/control-0.001"));
  lock.reset();
  CHECK(WEXITSTATUS(Workplace::end(waiting)) == 0);
  CHECK(fs::exists(place / "lab/rows/control-0.001/row.json"));

  lock.emplace(place / "lab/locks/control-0.0001", engine::Wait::yes);
  const Outcome other = place.run(lab("--rows 'control-*' --json"));
  REQUIRE_MESSAGE(other.code == 0, other.error);
  CHECK(row_of(Json::parse(other.out), "control-0.0001")["state"] == "running");
  CHECK(row_of(Json::parse(other.out), "control-0.0003")["state"] == "done");
}

TEST_CASE("a row that fails leaves the others their results, and is tried again") {
  const LabPlace place;
  const std::string words = lab("--tune-lr 1e30 --rows 'control-*,calibrated-8*' ");
  const Outcome outcome = place.run(words + "--json");
  CHECK(outcome.code == 1);
  CHECK(test::contains(outcome.error, "ingot: 2 of 4 rows did not work; the first: calibrated-8-qat: needs "));
  const Json result = Json::parse(outcome.out);
  CHECK(row_of(result, "control-1e+30")["state"] == "failed");
  CHECK(test::contains(row_of(result, "control-1e+30")["error"].get<std::string>(), "at step"));
  CHECK(row_of(result, "calibrated-8-qat")["state"] == "failed");
  CHECK(row_of(result, "calibrated-8")["state"] == "done");
  const Outcome again = place.run(words);
  CHECK(again.code == 1);
  CHECK(count(again.error, "$ ingot") == 1);
}

TEST_CASE("a model as packed codes goes through lab 5.2, and labs that need its weights refuse it at once") {
  const LabPlace place;
  REQUIRE(place.run("quantize start --integer-only --data train.csv --out integers").code == 0);
  REQUIRE(place.run("export integers packed --packed").code == 0);
  const Outcome chip = place.run("lab 5.2 --data train.csv --from packed --rows model --out chip --json");
  REQUIRE_MESSAGE(chip.code == 0, chip.error);
  const Outcome eval = place.run("eval integers --data train.csv --integer-only --json");
  CHECK(row_of(Json::parse(chip.out), "model")["accuracy"] == Json::parse(eval.out)["accuracy"]);
  const Outcome refused = place.run("lab 1.1 --data train.csv --from packed --out other");
  CHECK(refused.code == 2);
  CHECK(test::contains(refused.error, "--from packed: holds packed codes, and lab 1.1 needs weights"));
  CHECK_FALSE(fs::exists(place / "other"));
}

TEST_CASE("a lab refuses a folder, rows and options that are not its own") {
  const LabPlace place;
  const auto refused = [&](const std::string& words, const std::string& part) {
    const Outcome outcome = place.run(words);
    INFO(words, ": ", outcome.error);
    CHECK(outcome.code == 2);
    CHECK(test::contains(outcome.error, part));
  };
  REQUIRE(place.run(lab("--rows float --quiet")).code == 0);
  refused("lab 9 --data train.csv --out other", "lab: must be all or 1.1");
  refused("lab 1.1 --data absent.csv --out other", "absent.csv");
  refused("lab 1.1 --data train.csv --from absent --out other", "absent: no such model folder");
  refused("lab 1.1 --data train.csv --from start --epochs 2 --out other", "--from: the model is trained already");
  refused("lab 1.1 --data train.csv --from start --seed 2 --out other", "was trained with seed 1");
  refused("lab 1.1 --data train.csv --from start --rows nothing --out other", "no row is named 'nothing'");
  refused("lab 1.1 --data train.csv --from start --out start", "is no empty folder, and holds no lab");
  refused(lab("--tune-lr 0.5"), "holds a lab with other options: recipe");
  CHECK_FALSE(fs::exists(place / "other"));
  Json row = json_of(place / "lab/rows/float/row.json");
  row["commands"] = {"eval something else"};
  place.write("lab/rows/float/row.json", row.dump());
  refused(lab("--report"), "lab/rows/float/row.json: the row was made by other commands");
  place.write("lab/rows/float/row.json", "{");
  refused(lab("--report"), "lab/rows/float/row.json: not a JSON object");
}

TEST_CASE("processes share the trials of a search in a lab, and its curve is the best value so far") {
  const Workplace place;
  const std::string words =
      "lab 2.1 --data train.csv --pieces 50 --length 16 --batch 8 --trials 4 --trial-steps 20 --trial-length 16 --lr "
      "1e-2 "
      "--sizes '--layers 1,2 --heads 1,2 --hidden 8,16 --ffn 8' --rows 'best' --trial-lr 3e-3 --threads 1 --out lab";
  const pid_t one = place.start(words, ".one"), two = place.start(words, ".two");
  CHECK(WEXITSTATUS(Workplace::end(one)) == 0);
  CHECK(WEXITSTATUS(Workplace::end(two)) == 0);
  const Json result = json_of(place / "lab/result.json");
  const Json random = row_of(result, "random"), best = row_of(result, "best");
  CHECK(random["state"] == "done");
  CHECK(random["states"]["complete"] == 4);
  CHECK(random["best_so_far"].size() == 4);
  CHECK(random["distinct"] == 4);
  double area = 0;
  for (const Json& value : random["best_so_far"]) area += value.get<double>() / 4;
  const std::string table = test::text_of_file(place / "lab/table.md");
  CHECK(test::contains(table, "search: area under the best so far, a mean over the trials: "));
  CHECK(test::contains(table, fmt::format("random {:.4f}", area)));
  CHECK(test::contains(table, "| trials | distinct | trial hours | seconds |"));
  CHECK(test::contains(table, "| 4 | 4 | 0."));
  CHECK(best["state"] == "done");
  std::string chosen = "grid";
  for (const char* other : {"random", "tpe"}) {
    if (row_of(result, other)["validation_accuracy"] > row_of(result, chosen)["validation_accuracy"]) chosen = other;
  }
  const Json config = json_of(place / "lab/rows" / chosen / "best/config.json"),
             full = json_of(place / "lab/rows/full-0.01/best/config.json");
  for (const char* key : {"num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size"}) {
    CHECK(config[key] == full[key]);
  }
  CHECK(config.value("ingot_identities", Json()) == full.value("ingot_identities", Json()));
  const Outcome refused = place.run(words + " --from lab/rows/tpe/best");
  CHECK(refused.code == 2);
}

TEST_CASE("the plan of lab 3.1 stays below 3 bits, and lab 3.2 ranks its formats") {
  const LabPlace place;
  const Outcome plan = place.run(
      "lab 3.1 --data train.csv --pieces 50 --length 16 --batch 8 --trials 2 --jobs 2 --out lab --rows below-3-qat "
      "--json");
  REQUIRE_MESSAGE(plan.code == 0, plan.error);
  CHECK(row_of(Json::parse(plan.out), "below-3")["average_bits"].get<double>() < 3);
  fs::remove_all(place / "lab");
  const Outcome formats = place.run(lab("--trials 2 --rows 'fixed,mx,log,log-below-8-*,mx-below-8-*'", "3.2"));
  REQUIRE_MESSAGE(formats.code == 0, formats.error);
  CHECK(test::contains(formats.out, "ranking, best of 2 trials (the standard error of an accuracy is "));
  CHECK(test::contains(formats.out, "ranking, at most 8 bits, PTQ ("));
  std::string ranked = formats.out.substr(formats.out.find("ranking, best of 2 trials"));
  ranked = ranked.substr(ranked.find("): "), ranked.find('\n') - ranked.find("): "));
  std::vector<double> accuracies;
  const std::regex accuracy(" ([01]\\.[0-9]{4})");
  for (std::sregex_iterator at(ranked.begin(), ranked.end(), accuracy), end; at != end; ++at)
    accuracies.push_back(std::stod((*at)[1]));
  CHECK(accuracies.size() == 3);
  CHECK(std::is_sorted(accuracies.rbegin(), accuracies.rend()));
  const std::string table = test::text_of_file(place / "lab/table.md");
  const std::string flips = test::text_of_file(place / "lab/flips.csv");
  for (const char* drawn : {"microscaling,8,", "log,8,"}) CHECK_MESSAGE(test::contains(flips, drawn), flips);
  const std::string trained = table.substr(table.find("ranking, at most 8 bits, QAT ("));
  CHECK(test::contains(trained.substr(0, trained.find('\n')), "% flips, noise "));
}
