// ingot prune on a small run.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

const std::string kPrune = "prune run --data train.csv --validation 20 --batch 8 --quiet ";

struct Trained : Workplace {
  Trained() { REQUIRE(run(Workplace::train("--out run")).code == 0); }
};

Json result_of(const Workplace& place, const std::string& run) {
  return Json::parse(test::text_of_file(place / (run + "/result.json")));
}

std::vector<float> weight_of(const Workplace& place, const std::string& run, const std::string& layer) {
  const engine::Safetensors file(place / (run + "/best/model.safetensors"));
  return file.floats(file.get(layer + ".weight", "F32"));
}

std::int64_t count_zeros(const std::vector<float>& weight) { return std::count(weight.begin(), weight.end(), 0.0f); }

void check_refused(const Outcome& outcome, const std::string& part) {
  INFO("stderr: ", outcome.error);
  CHECK(outcome.code == 2);
  CHECK(outcome.error.find(part) != std::string::npos);
  CHECK(outcome.error.starts_with("ingot: "));
  CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("pruning without training zeroes the share asked for of each layer and reports it") {
  const Trained place;
  const Outcome outcome = place.run(kPrune + "--sparsity 0.3 --out pruned");
  REQUIRE(outcome.code == 0);
  const Json result = result_of(place, "pruned");
  std::int64_t weights = 0, zeros = 0;
  REQUIRE(result["layers"].size() == 8);
  std::string words = outcome.out;  // with one space between two
  words.erase(std::unique(words.begin(), words.end(), [](char a, char b) { return a == ' ' && b == ' '; }),
              words.end());
  for (const Json& layer : result["layers"]) {
    const std::vector<float> weight = weight_of(place, "pruned", layer["name"]);
    CHECK(layer["weights"] == weight.size());
    CHECK(layer["zeros"] == count_zeros(weight));
    CHECK(layer["zeros"] == std::lround(0.3 * static_cast<double>(weight.size())));
    weights += layer["weights"].get<std::int64_t>();
    zeros += layer["zeros"].get<std::int64_t>();
    CHECK(words.find(fmt::format("{} {} {} 0.", layer["name"].get<std::string>(), weight.size(),
                                 count_zeros(weight))) != std::string::npos);
  }
  CHECK(result["sparsity"].get<double>() == static_cast<double>(zeros) / static_cast<double>(weights));
  CHECK(result["steps"] == 0);
  CHECK(outcome.out.find("validation accuracy ") != std::string::npos);
  CHECK(place.run("eval pruned --data train.csv --quiet").code == 0);
  CHECK(place.run("predict pruned 'the iron number 3 is small here'").code == 0);
}

TEST_CASE("fine-tuning around a pruned model reports it before and after, and goes on from what is pruned") {
  const Trained place;
  REQUIRE(place.run(kPrune + "--sparsity 0.5 --scope global --embeddings --epochs 2 --lr 1e-2 --out half").code == 0);
  const Json half = result_of(place, "half");
  CHECK(half["layers"].size() == 11);
  CHECK(half["sparsity"] == 0.5);
  CHECK(half["before_fine_tuning"]["accuracy"].is_number());
  CHECK(half["before_fine_tuning"]["loss"].get<double>() != half["loss"].get<double>());
  const std::string chained = "prune half --data train.csv --validation 20 --batch 8 --quiet ";
  REQUIRE(place.run(chained + "--sparsity 0.8 --method random --epochs 1 --out more").code == 0);
  const Json more = result_of(place, "more");
  for (const Json& layer : more["layers"]) {
    const std::vector<float> before = weight_of(place, "half", layer["name"]);
    const std::vector<float> after = weight_of(place, "more", layer["name"]);
    const bool is_table = layer["name"].get<std::string>().find("embeddings") != std::string::npos;
    const auto asked = is_table ? count_zeros(before) : std::lround(0.8 * static_cast<double>(before.size()));
    CHECK(count_zeros(after) == std::max<std::int64_t>(asked, count_zeros(before)));
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i] == 0.0f) CHECK(after[i] == 0.0f);
    }
  }
  // Training from it keeps the masks.
  REQUIRE(
      place.run("train --data train.csv --from more --validation 20 --batch 8 --length 16 --quiet --out tuned").code ==
      0);
  for (const Json& layer : more["layers"]) {
    CHECK(count_zeros(weight_of(place, "tuned", layer["name"])) == layer["zeros"]);
  }
}

TEST_CASE("quantised, pruned with training, and quantised again: formats and masks stay") {
  const Trained place;
  const std::string rest = " --data train.csv --validation 20 --batch 8 --quiet ";
  REQUIRE(place.run("quantize run" + rest + "--width 8 --qat-epochs 1 --out q8").code == 0);
  REQUIRE(place.run("prune q8" + rest + "--sparsity 0.6 --epochs 2 --activations 0.25 --out pruned").code == 0);
  REQUIRE(place.run("quantize pruned" + rest + "--width 4 --qat-epochs 1 --embeddings --out q4").code == 0);
  const Json q8 = result_of(place, "q8"), pruned = result_of(place, "pruned"), q4 = result_of(place, "q4");
  REQUIRE(pruned["layers"].size() == 8);
  for (std::size_t i = 0; i < 8; ++i) {
    const Json& layer = pruned["layers"][i];
    CHECK(layer["weight"] == q8["layers"][i]["weight"]);
    CHECK(layer["input"] == q8["layers"][i]["input"]);
    CHECK(layer["zeros"] == std::lround(0.6 * layer["weights"].get<double>()));
  }
  std::int64_t n_pruned = 0;
  for (const Json& layer : q4["layers"]) {
    CHECK(layer["weight"].get<std::string>().starts_with("fixed(4,"));
    if (layer["zeros"] == 0) continue;  // the tables
    n_pruned += layer["zeros"].get<std::int64_t>();
    const std::vector<float> before = weight_of(place, "pruned", layer["name"]);
    const std::vector<float> after = weight_of(place, "q4", layer["name"]);
    CHECK(before != after);
    for (std::size_t j = 0; j < before.size(); ++j) {
      if (before[j] == 0.0f) CHECK(after[j] == 0.0f);
    }
  }
  CHECK(q4["sparsity"] == pruned["sparsity"]);
  CHECK(static_cast<double>(n_pruned) > 0);
  const Json kept = Json::parse(test::text_of_file(place / "q4/best/compression.json"));
  CHECK(kept["layers"]["classifier"]["input_sparsity"] == 0.25);
}

TEST_CASE("every method prunes from the command line, the same bits on one and two threads") {
  const Trained place;
  for (const std::string method : {"l1", "random", "movement", "2:4", "1:8"}) {
    INFO(method);
    const std::string words = kPrune + "--epochs 1 --activations 0.25 --method " + method;
    const std::string one = "one" + method.substr(0, 1), two = "two" + method.substr(0, 1);
    REQUIRE(place.run(words + " --threads 1 --out " + one).code == 0);
    REQUIRE(place.run(words + " --threads 2 --out " + two).code == 0);
    for (const char* file : {"/best/model.safetensors", "/best/masks.safetensors", "/best/compression.json"}) {
      CHECK(test::text_of_file(place / (one + file)) == test::text_of_file(place / (two + file)));
    }
    const Json result = result_of(place, one);
    CHECK(result["sparsity"] == (method == "1:8" ? 0.875 : 0.5));
    CHECK(result.contains("before_fine_tuning") == (method != "movement"));
    // A file of its options gives the same run again.
    fs::remove_all(place / two);
    REQUIRE(place.run("prune run --config " + one + "/config.toml --quiet --out " + two).code == 0);
    CHECK(test::text_of_file(place / (one + "/best/model.safetensors")) ==
          test::text_of_file(place / (two + "/best/model.safetensors")));
  }
}

TEST_CASE("what cannot be pruned is refused before any work") {
  const Trained place;
  const auto refused = [&](const std::string& more, const std::string& part) {
    check_refused(place.run(kPrune + "--out out " + more), part);
    CHECK_FALSE(fs::exists(place / "out"));
  };
  refused("--sparsity 1.5", "sparsity: must be between 0 and 1, got 1.5");
  refused("--sparsity -0.1", "sparsity: must be between 0 and 1, got -0.1");
  refused("--sparsity nan", "sparsity: must be between 0 and 1, got nan");
  refused("--sparsity much", "much");
  refused("--activations 1", "sparsity of activations: must be at least 0 and below 1, got 1");
  refused("--method magic", "must be l1, random, movement, or N:M as in 2:4, got 'magic'");
  refused("--method 4:2", "N:M keeps N of every M weights, with 1 <= N < M <= 1024, got '4:2'");
  refused("--method 2:5", "query: its weights [16,16] cannot be pruned 2:5: 5 does not divide the 16 of a row");
  refused("--method 2:4 --sparsity 0.7", "--sparsity: --method 2:4 prunes 0.5 of the weights, got 0.7");
  refused("--method 2:4 --scope global", "is decided in each group of 4 alone");
  refused("--scope some", "must be local or global, got 'some'");
  refused("--method movement", "needs --epochs and --ramp above 0, got 0 and 0.5");
  refused("--method movement --epochs 1 --ramp 0", "needs --epochs and --ramp above 0, got 1 and 0");
  refused("--ramp 1.5", "--ramp: must be between 0 and 1, got 1.5");
  refused("--epochs -1", "--epochs");
  refused("--length 600", "600 is above the 512 positions");
  check_refused(place.run("prune absent --data train.csv --out out"), "absent");
  place.write("other.csv", "text,label\niron,metal\noak,wood\nsteel,metal\n");
  check_refused(place.run("prune run --data other.csv --out out --quiet"),
                "label 'wood' of the data is not among the 2 labels of the model (fruit, metal)");
  check_refused(place.run("prune run --data train.csv --out run"), "holds a run already");
  REQUIRE(place.run(kPrune + "--out pruned").code == 0);
  place.write("pruned/best/masks.safetensors", "no masks");
  check_refused(place.run("prune pruned --data train.csv --out out"), "masks.safetensors");
}
