// --precision: products in bfloat16.
#include <doctest/doctest.h>

#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;

namespace {

Json result_of(const Workplace& place, const std::string& words) {
  const Outcome outcome = place.run(words + " --json --quiet");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  return Json::parse(outcome.out);
}

std::string weights_of(const Workplace& place, const std::string& run) {
  return test::text_of_file(place / (run + "/best/model.safetensors"));
}

}  // namespace

TEST_CASE("train --precision bf16 learns, with other bits than float32, the same on any number of threads") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out float32")).code == 0);
  const Json result = result_of(place, Workplace::train("--out bf16 --precision bf16 --threads 1"));
  CHECK(result["validation_accuracy"].get<double>() > 0.9);
  CHECK(weights_of(place, "bf16") != weights_of(place, "float32"));
  REQUIRE(place.run(Workplace::train("--out threads --precision bf16 --threads 3")).code == 0);
  CHECK(weights_of(place, "threads") == weights_of(place, "bf16"));
  const engine::Safetensors stored(place / "bf16/best/model.safetensors");
  for (const engine::SafetensorsEntry& entry : stored.entries()) CHECK(entry.dtype == "F32");
}

TEST_CASE("eval, predict and embed with --precision bf16 answer nearly as in float32, but not with its bits") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const Json floats = result_of(place, "eval run --data train.csv");
  const Json rounded = result_of(place, "eval run --data train.csv --precision bf16");
  CHECK(rounded["loss"].get<double>() == doctest::Approx(floats["loss"].get<double>()).epsilon(0.05));
  CHECK(rounded["loss"] != floats["loss"]);
  const auto answers = [&](const std::string& more) { return place.run("predict run 'good good' " + more).out; };
  CHECK(answers("--precision bf16").substr(0, 3) == answers("").substr(0, 3));
  CHECK(place.run("embed run good --precision bf16").out != place.run("embed run good").out);
}

TEST_CASE("pretrain and prune take --precision, and a pruned model can be evaluated with it") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const std::string commands[] = {
      "pretrain --data train.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 "
      "--max-steps 3 --out language",
      "prune run --data train.csv --sparsity 0.5 --epochs 1 --out pruned"};
  for (const std::string& command : commands) {
    CAPTURE(command);
    for (const std::string precision : {"float32", "bf16"}) {
      const Outcome outcome = place.run(command + "-" + precision + " --precision " + precision);
      REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
    }
  }
  CHECK(weights_of(place, "language-bf16") != weights_of(place, "language-float32"));
  CHECK(weights_of(place, "pruned-bf16") != weights_of(place, "pruned-float32"));
  CHECK(place.run("eval pruned-bf16 --data train.csv --precision bf16").code == 0);
}

TEST_CASE("a precision that does not exist or does not fit the model is refused in a sentence") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const auto error_of = [&](const std::string& words) {
    const Outcome outcome = place.run(words);
    CHECK(outcome.code == 2);
    return outcome.error;
  };
  CHECK(contains(error_of(Workplace::train("--out other --precision fp16")),
                 "--precision: must be float32 or bf16, got 'fp16'"));
  CHECK(contains(error_of("eval run --data train.csv --precision half"),
                 "--precision: must be float32 or bf16, got 'half'"));
  CHECK(contains(error_of("eval run --data train.csv --integer --precision bf16"),
                 "--precision: is about products of floats; --integer and --integer-only have none, got bf16"));
  const Json fixed{{"weight", {{"format", "fixed(8,6)"}}}};
  place.write("run/best/compression.json", Json{{"ingot_compression", 1}, {"layers", {{"classifier", fixed}}}}.dump());
  CHECK(contains(error_of("eval run --data train.csv --precision bf16"),
                 "--precision bf16: is about models in floats, but classifier of run/best has a format of its own"));
}
