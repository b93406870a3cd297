// Options of how long a run is, what a step holds and what is learned from.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <csignal>

#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"
#include "tests/support/signalled.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

Json result_of(const Workplace& place, const std::string& run) {
  return Json::parse(test::text_of_file(place / (run + "/result.json")));
}

// The steps whose models were evaluated.
std::vector<std::int64_t> evaluated_steps(const Workplace& place, const std::string& run) {
  std::vector<std::int64_t> steps;
  std::istringstream lines(test::text_of_file(place / (run + "/metrics.jsonl")));
  for (std::string line; std::getline(lines, line);) {
    const Json metrics = Json::parse(line);
    if (metrics.contains("score")) steps.push_back(metrics["step"].get<std::int64_t>());
  }
  return steps;
}

using Steps = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("options of training out of their range are refused with the range and the value, before any work") {
  const Workplace place;
  const auto refused = [&](const std::string& words, const std::string& sentence) {
    const Outcome outcome = place.run(words + " --data absent.csv --out none");
    CHECK(outcome.code == 2);
    CHECK_MESSAGE(outcome.error == "ingot: " + sentence + "\n", outcome.error);
    CHECK_FALSE(fs::exists(place / "none"));
  };
  for (const std::string command : {"train", "pretrain", "quantize absent", "prune absent"}) {
    CAPTURE(command);
    refused(command + " --max-steps -1", "--max-steps: must be between 0 and 1073741824, got -1");
    refused(command + " --eval-every -5", "--eval-every: must be between 0 and 1073741824, got -5");
    refused(command + " --patience 2000000000", "--patience: must be between 0 and 1073741824, got 2000000000");
    refused(command + " --accumulate 0", "--accumulate: must be between 1 and 65536, got 0");
    refused(command + " --layer-decay 1.5", "--layer-decay: must be above 0 and at most 1, got 1.5");
    refused(command + " --layer-decay nan", "--layer-decay: must be above 0 and at most 1, got nan");
    if (command == "pretrain") continue;
    refused(command + " --label-smoothing 1", "--label-smoothing: must be at least 0 and below 1, got 1");
  }
  CHECK(contains(place.run("pretrain --label-smoothing 0.1 --data train.csv --out none").error,
                 "pretrain: no option --label-smoothing"));
  for (const std::string option :
       {"--eval-every 5", "--patience 2", "--accumulate 2", "--layer-decay 0.9", "--label-smoothing 0.1"}) {
    CAPTURE(option);
    for (const std::string command : {"quantize", "prune"}) {
      CHECK(contains(place.run(command + " absent --data absent.csv --out none " + option).error,
                     "are about training, and there are no epochs of it"));
    }
  }
}

TEST_CASE("a run is as long as its steps say, is evaluated every so many, and stops when nothing gets better") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--max-steps 20 --eval-every 8 --out steps")).code == 0);  // 13 an epoch
  CHECK(evaluated_steps(place, "steps") == Steps{8, 16, 20});
  CHECK(result_of(place, "steps")["steps"] == 20);
  CHECK_FALSE(result_of(place, "steps").contains("stopped_early"));
  CHECK(result_of(place, "steps")["options"]["max-steps"] == 20);
  CHECK(contains(test::text_of_file(place / "steps/config.toml"), "eval-every = 8\n"));

  const std::string words =
      "train --data train.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --batch 8 "
      "--lr 1e-2 --validation 20 --max-steps 900 --eval-every 10 --patience 3 --out ";
  const Outcome stopped = place.run(words + "stopped");
  REQUIRE_MESSAGE(stopped.code == 0, stopped.error);
  const Json result = result_of(place, "stopped");
  CHECK(result["stopped_early"] == true);
  CHECK(result["validation_accuracy"] == 1.0);  // the first that is stays the best
  CHECK(result["steps"] == result["best_step"].get<std::int64_t>() + 30);
  CHECK(contains(stopped.error,
                 fmt::format("stopped early, after step {} of 900: 3 evaluations without a better score "
                             "than that of step {}",
                             result["steps"].get<std::int64_t>(), result["best_step"].get<std::int64_t>())));
  const std::string weights = test::text_of_file(place / "stopped/last/model.safetensors");
  REQUIRE(place.run(words + "stopped --resume").code == 0);
  CHECK(result_of(place, "stopped")["steps"] == result["steps"]);
  CHECK(test::text_of_file(place / "stopped/last/model.safetensors") == weights);
}

TEST_CASE("a run with options of steps, interrupted or killed, resumes to the bits of one that was not") {
  const Workplace place;
  const std::string words = Workplace::train(
      "--max-steps 300 --eval-every 11 --patience 200 --accumulate 3 --label-smoothing 0.1 --layer-decay 0.8 "
      "--class-weights balanced --best-by loss --save-every 7 --out ");
  REQUIRE(place.run(words + "whole").code == 0);
  CHECK(result_of(place, "whole")["steps"] == 300);
  for (const int signal : {SIGINT, SIGKILL}) {
    const std::string out = signal == SIGINT ? "interrupted" : "killed";
    const int status = test::signalled(place, words + out, out + "/metrics.jsonl", 1500, signal);
    CHECK((signal == SIGINT ? WEXITSTATUS(status) == 130 : WIFSIGNALED(status)));
    CHECK_FALSE(fs::exists(place / (out + "/last")));
    REQUIRE(place.run(words + out + " --resume").code == 0);
    for (const char* file : {"/last/model.safetensors", "/best/model.safetensors"})
      CHECK(test::text_of_file(place / (out + file)) == test::text_of_file(place / ("whole" + std::string(file))));
    CHECK(evaluated_steps(place, out) == evaluated_steps(place, "whole"));
  }
  const Outcome other = place.run(words + "whole --resume --accumulate 2");
  CHECK(other.code == 2);
  CHECK(contains(other.error, "accumulate: saved 3, now 2"));
}

TEST_CASE("options at their defaults leave no trace in the state of a run") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out plain")).code == 0);
  REQUIRE(place
              .run(Workplace::train("--max-steps 0 --eval-every 0 --patience 0 --accumulate 1 --layer-decay 1.0 "
                                    "--label-smoothing 0.0 --out said"))
              .code == 0);
  const engine::Safetensors plain(place / "plain/training.safetensors"), said(place / "said/training.safetensors");
  CHECK(plain.metadata().at("identity") == said.metadata().at("identity"));
  for (const char* option :
       {"max-steps", "eval-every", "patience", "accumulate", "layer-decay", "label-smoothing", "n_without_better"}) {
    CHECK_FALSE(contains(plain.metadata().at("identity"), option));
    CHECK_FALSE(plain.metadata().contains(option));
  }
}

TEST_CASE("options of steps and of the loss change what is learned") {
  const Workplace place;
  const auto weights = [&](const std::string& words, const std::string& out) {
    REQUIRE(place.run(Workplace::train(words + " --out " + out)).code == 0);
    return test::text_of_file(place / (out + "/last/model.safetensors"));
  };
  const std::string plain = weights("", "plain");
  CHECK(weights("--max-steps 38", "steps") != plain);  // one less than 3 epochs of 13
  CHECK(weights("--max-steps 39", "same") == plain);
  CHECK(weights("--accumulate 2", "accumulated") != plain);
  CHECK(weights("--label-smoothing 0.2", "smoothed") != plain);
  CHECK(weights("--layer-decay 0.7", "decayed") != plain);
  CHECK(weights("--eval-every 4 --patience 100", "evaluated") == plain);
}

TEST_CASE("quantize, prune and pretrain train so many steps too") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const std::string texts = " --data train.csv --batch 8 --quiet --max-steps 9 --eval-every 4 ";
  const Outcome quantized = place.run("quantize run" + texts + "--accumulate 2 --label-smoothing 0.1 --out q");
  REQUIRE_MESSAGE(quantized.code == 0, quantized.error);
  CHECK(evaluated_steps(place, "q") == Steps{4, 8, 9});
  CHECK(result_of(place, "q")["steps"] == 9);

  // The sparsity grows over half of the 9 steps.
  const Outcome pruned = place.run("prune run" + texts + "--layer-decay 0.5 --sparsity 0.6 --ramp 0.5 --out p");
  REQUIRE_MESSAGE(pruned.code == 0, pruned.error);
  CHECK(evaluated_steps(place, "p") == Steps{8, 9});
  CHECK(result_of(place, "p")["sparsity"].get<double>() > 0.3);
  CHECK(result_of(place, "p").contains("before_fine_tuning"));
  CHECK(place.run("prune run" + texts + "--method movement --out m").code == 0);

  const Outcome pretrained = place.run(
      "pretrain --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --accumulate 2 --layer-decay 0.9 "
      "--patience 1 --lr 1e-9 --length 16 --out mlm" +
      texts);
  REQUIRE_MESSAGE(pretrained.code == 0, pretrained.error);
  CHECK(result_of(place, "mlm").contains("stopped_early"));
}
