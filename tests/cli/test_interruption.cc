// Ctrl-C and kill -9 in the middle of training.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <csignal>

#include "engine/io/json.h"
#include "tests/support/program.h"
#include "tests/support/signalled.h"

using namespace ingot;
using test::signalled;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

const std::string kLonger = "--epochs 60 --save-every 7";

}  // namespace

TEST_CASE("a run that was interrupted or killed resumes to the bits of one that was not") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train(kLonger + " --out whole")).code == 0);
  const std::string whole = test::text_of_file(place / "whole/last/model.safetensors");

  const int interrupted =
      signalled(place, Workplace::train(kLonger + " --out interrupted"), "interrupted/metrics.jsonl", 300, SIGINT);
  CHECK(WIFEXITED(interrupted));
  CHECK(WEXITSTATUS(interrupted) == 130);
  CHECK(test::text_of_file(place / "stderr").find("continue with --resume") != std::string::npos);
  REQUIRE(place.run(Workplace::train(kLonger + " --out interrupted --resume")).code == 0);
  CHECK(test::text_of_file(place / "interrupted/last/model.safetensors") == whole);

  CHECK(
      WIFSIGNALED(signalled(place, Workplace::train(kLonger + " --out killed"), "killed/metrics.jsonl", 300, SIGKILL)));
  CHECK_FALSE(fs::exists(place / "killed/last"));
  REQUIRE(place.run(Workplace::train(kLonger + " --out killed --resume")).code == 0);
  CHECK(test::text_of_file(place / "killed/last/model.safetensors") == whole);
}

TEST_CASE("a demo that was killed begins anew in its folder") {
  if (!fs::exists("/usr/share/wordnet")) {
    MESSAGE("skipped: WordNet (Debian package wordnet-base) is missing");
    return;
  }
  const Workplace place;
  const std::string lock = "demo/.glosses.model.ingot.lock";
  CHECK(WIFSIGNALED(signalled(place, "demo --out demo", lock, 1, SIGKILL)));
  REQUIRE(fs::exists(place / lock));
  for (const char* left : {"demo/page.html.tmp7", "demo/rtl.new-a1b2c3/top.sv"}) place.write(left, "");
  fs::remove(place / "stdout");
  CHECK(WIFSIGNALED(signalled(place, "demo --out demo", "stdout", 50, SIGKILL)));
  CHECK_FALSE(fs::exists(place / "demo/page.html.tmp7"));
  CHECK_FALSE(fs::exists(place / "demo/rtl.new-a1b2c3"));
}

TEST_CASE("gradual pruning that was interrupted or killed resumes to the bits of a run that was not") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const std::string words =
      "prune run --data train.csv --method movement --sparsity 0.8 --ramp 0.6 --epochs 60 --batch 8 --save-every 7 "
      "--quiet --out ";
  REQUIRE(place.run(words + "whole").code == 0);
  const auto check_same = [&](const std::string& run) {
    for (const char* file : {"/last/model.safetensors", "/best/model.safetensors", "/best/masks.safetensors"}) {
      CHECK(test::text_of_file(place / (run + file)) == test::text_of_file(place / ("whole" + std::string(file))));
    }
  };
  const int interrupted = signalled(place, words + "interrupted", "interrupted/metrics.jsonl", 300, SIGINT);
  CHECK(WIFEXITED(interrupted));
  CHECK(WEXITSTATUS(interrupted) == 130);
  REQUIRE(place.run(words + "interrupted --resume").code == 0);
  check_same("interrupted");
  CHECK(WIFSIGNALED(signalled(place, words + "killed", "killed/metrics.jsonl", 2500, SIGKILL)));
  CHECK_FALSE(fs::exists(place / "killed/last"));
  REQUIRE(place.run(words + "killed --resume").code == 0);
  check_same("killed");
}

TEST_CASE("Ctrl-C while the trained model is evaluated stops the run, and resuming it only evaluates") {
  const Workplace place;
  place.write("parts/train.csv", test::text_of_file(place / "train.csv"));
  std::string test = "text,label\n";
  for (int i = 0; i < 100'000; ++i) test += "the iron number is small the plum is large here and there,metal\n";
  place.write("parts/test.csv", test);
  const std::string words = Workplace::train("--data parts --threads 1 --out run");
  const int status = signalled(place, words, "run/last/tokenizer_config.json", 1, SIGINT);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(test::text_of_file(place / "stderr") ==
        "ingot: stopped while evaluating the trained model; continue with --resume\n");
  const std::string weights = test::text_of_file(place / "run/last/model.safetensors");
  CHECK_FALSE(fs::exists(place / "run/result.json"));
  REQUIRE(place.run(words + " --resume").code == 0);
  CHECK(fs::exists(place / "run/result.json"));
  CHECK(test::text_of_file(place / "run/last/model.safetensors") == weights);
}

TEST_CASE("resuming a run that is done evaluates it again and keeps what it measured") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const engine::Json first = engine::Json::parse(test::text_of_file(place / "run/result.json"));
  REQUIRE(place.run(Workplace::train("--out run --resume")).code == 0);
  const engine::Json second = engine::Json::parse(test::text_of_file(place / "run/result.json"));
  for (const char* key : {"accuracy", "validation_accuracy", "training_seconds", "tokens_per_second"}) {
    CHECK(first[key] == second[key]);
  }
}
