// ingot quantize as its users meet it.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "tests/support/program.h"
#include "tests/support/signalled.h"

using namespace ingot;
using engine::Json;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

Json json_in(const Workplace& place, const std::string& file) { return Json::parse(test::text_of_file(place / file)); }

// A place with a trained model in run/.
struct Trained : Workplace {
  Trained() { REQUIRE(Workplace::run(train("--out run")).code == 0); }

  static std::string words(const std::string& more) {
    return "quantize run --data train.csv --validation 20 --batch 8 --quiet " + more;
  }
  Json quantized(const std::string& out, const std::string& more) const {
    const Outcome outcome = run(words("--out " + out + " " + more));
    INFO(outcome.error);
    REQUIRE(outcome.code == 0);
    return json_in(*this, out + "/result.json");
  }
  std::string weights(const std::string& model) const {
    return test::text_of_file(*this / model / "model.safetensors");
  }
  Json layer(const std::string& out, const std::string& name) const {
    return json_in(*this, out + "/best/compression.json")["layers"][name];
  }
};

const std::string kQuery = "bert.encoder.layer.0.attention.self.query";

}  // namespace

TEST_CASE("calibrated 4 bits keep what a model has learned, half of 4 bits does not") {
  const Trained place;
  const Json calibrated = place.quantized("q4", "--width 4"), half = place.quantized("h4", "--width 4 --frac half");
  const double trained = json_in(place, "run/result.json")["accuracy"];
  CHECK(trained >= 0.95);
  CHECK(calibrated["accuracy"] >= trained - 0.05);
  CHECK(half["loss"] >= 2 * calibrated["loss"].get<double>());
  CHECK(calibrated["steps"] == 0);
  CHECK(calibrated["evaluated_on"] == "validation");
  CHECK(calibrated["validation_accuracy"] == calibrated["accuracy"]);
  CHECK(calibrated["average_bits"] < 32);
  CHECK(calibrated["packed_bytes"] < calibrated["float_bytes"]);
  CHECK(calibrated["layers"].size() == 8);
  CHECK(place.weights("q4/best") == place.weights("run/best"));  // the float weights stay
  CHECK_FALSE(place.layer("q4", kQuery).contains("bias"));
  CHECK(place.layer("q4", kQuery)["weight"]["channel_frac_bits"].size() == 16);
  CHECK(place.layer("h4", kQuery) == Json{{"input", {{"format", "fixed(4,2)"}}},
                                          {"weight", {{"format", "fixed(4,2)"}}},
                                          {"bias", {{"format", "fixed(4,2)"}}}});
  const Outcome eval = place.run("eval q4 --data train.csv --json --quiet");
  CHECK(eval.code == 0);
  CHECK(place.run("predict q4 'the iron number 3 is small here'").out.starts_with("metal"));
}

TEST_CASE("training with quantisation goes on where it was stopped, and gives the same bits on 1 and 2 threads") {
  const Trained place;
  for (const char* more : {"", "--learn-scales "}) {
    const std::string qat = fmt::format("--width 3 --qat-epochs 30 --lr 1e-2 --save-every 7 {}", more);
    CHECK(place.quantized("whole", qat + "--threads 1")["steps"] == 390);
    const auto check_same = [&](const std::string& out) {
      CHECK(place.weights(out + "/last") == place.weights("whole/last"));
      CHECK(test::text_of_file(place / (out + "/last/compression.json")) ==
            test::text_of_file(place / "whole/last/compression.json"));
    };
    place.quantized("two", qat + "--threads 2");
    check_same("two");
    const std::string words = Trained::words("--out stopped " + qat);
    const int status = test::signalled(place, words, "stopped/metrics.jsonl", 300, SIGKILL);
    CHECK(WIFSIGNALED(status));
    CHECK_FALSE(fs::exists(place / "stopped/last"));
    const Outcome other = place.run(words + "--resume --seed 2");
    CHECK(other.code == 2);
    CHECK(other.error.find("seed: saved 1, now 2") != std::string::npos);
    REQUIRE(place.run(words + "--resume").code == 0);
    check_same("stopped");
    for (const char* folder : {"whole", "two", "stopped"}) fs::remove_all(place / folder);
  }
}

TEST_CASE("a chain of quantising and pruning keeps masks, and the last format wins") {
  const Trained place;
  place.quantized("q8", "--width 8 --frac half");
  Json plan = json_in(place, "q8/best/compression.json");
  plan["layers"]["classifier"]["input_sparsity"] = 0.5;  // as pruning leaves it
  place.write("q8/best/compression.json", plan.dump());
  place.write("plan.toml", "[[layers]]\nname = \"classifier\"\nweight = \"minifloat(6,e3)\"\n");
  const Outcome outcome =
      place.run("quantize q8 --data train.csv --validation 20 --plan plan.toml --out chained --quiet --qat-epochs 1");
  REQUIRE(outcome.code == 0);
  CHECK(place.layer("chained", kQuery)["weight"]["format"] == "fixed(8,4)");
  CHECK(place.layer("chained", "classifier")["weight"]["format"] == "minifloat(6,e3,b3)");
  CHECK(place.layer("chained", "classifier")["input"]["format"] == "fixed(8,4)");
  CHECK(place.layer("chained", "classifier")["input_sparsity"] == 0.5);
}

TEST_CASE("frozen parameters stay, the others learn") {
  const Trained place;
  place.quantized("q", "--qat-epochs 1 --lr 1e-2 --freeze 'bert.embeddings.*,*.pooler.*'");
  const engine::Safetensors before(place / "run/best/model.safetensors"), after(place / "q/last/model.safetensors");
  for (const engine::SafetensorsEntry& entry : before.entries()) {
    const bool frozen = entry.name.starts_with("bert.embeddings.") || entry.name.starts_with("bert.pooler.");
    INFO(entry.name);
    CHECK((before.floats(entry) == after.floats(*after.find(entry.name))) == frozen);
  }
}

TEST_CASE("other formats, modes and methods") {
  const Trained place;
  place.quantized("mini", "--format 'minifloat(8,e4)' --mode mase --embeddings");
  CHECK(place.layer("mini", kQuery)["bias"] == Json{{"format", "minifloat(8,e4,b7)"}, {"mode", "mase"}});
  CHECK(place.layer("mini", "bert.embeddings.word_embeddings")["weight"]["mode"] == "mase");
  place.quantized("mase", "--width 6 --mode mase");
  CHECK_FALSE(place.layer("mase", kQuery)["weight"].contains("channel_frac_bits"));
  place.quantized("p",
                  "--width 6 --method percentile --percentile 99 --per tensor --clipped-ste --calibration-texts 10");
  CHECK(place.layer("p", kQuery)["input"]["clip"] == true);
  place.quantized("u", "--format ufixed --width 6 --frac 3");
  place.quantized("by-tensor", "--format 'fixed(6,calibrated)' --per tensor");
  CHECK(place.layer("u", kQuery)["bias"]["format"] == "ufixed(6,3)");
}

TEST_CASE("wrong requests are refused in one sentence, before any work") {
  const Trained place;
  const auto check_refused = [&](const std::string& more, const std::string& part) {
    const Outcome outcome = place.run(Trained::words("--out refused " + more));
    INFO(outcome.error);
    CHECK(outcome.code == 2);
    CHECK(outcome.error.find(part) != std::string::npos);
    CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
    CHECK_FALSE(fs::exists(place / "refused"));
  };
  check_refused("--width 0", "width must be an integer between 1 and 32, got 0");
  check_refused("--width 8 --frac 300", "frac_width must be an integer between -95 and 126, got 300");
  check_refused("--width 8 --frac many", "many");
  check_refused("--format 'minifloat(4,e7)'", "width must be between 8 and 31, got 4");
  check_refused("--format 'block_fp(8,e8,[0])'", "block");
  check_refused("--format posit", "posit");
  check_refused("--format float32", "--format: must be a number format, got 'float32'");
  check_refused("--format 'minifloat(8,e4)' --width 6", "--width: goes with --format fixed");
  check_refused("--format 'minifloat(8,e4,calibrated)' --per channel", "--per: goes with fixed point");
  check_refused("--frac sums", "--format: only a bias has the fraction bits of sums, got fixed(8,sums)");
  check_refused("--format 'mx(int8)' --mode mase", "mode standard");
  check_refused("--mode mase --per channel", "fraction bits by channel need");
  check_refused("--per row", "--per: must be channel or tensor, got 'row'");
  check_refused("--calibration-texts 0", "--calibration-texts: must be at least 1, got 0");
  check_refused("--method median", "--method: must be mse or percentile, got 'median'");
  check_refused("--percentile 99", "--percentile: goes with --method percentile");
  check_refused("--method percentile --percentile 101", "must be above 0 and at most 100, got 101");
  check_refused("--learn-scales", "--learn-scales: is done in training; give --qat-epochs");
  check_refused("--freeze 'x*'", "--freeze: is about training; give --qat-epochs");
  check_refused("--freeze 'x*' --qat-epochs 1", "--freeze: 'x*' matches none of the 25 parameters");
  check_refused("--freeze '*' --qat-epochs 1", "--freeze: '*' leaves nothing to train");
  check_refused("--learn-scales --qat-epochs 1 --format 'log(8)'", "the plan has no fixed-point format");
  place.write("none.toml", "[[layers]]\nname = \"decoder*\"\nweight = \"log(8)\"\n");
  check_refused("--plan none.toml", "'decoder*' matches none of the 8 Linear layers");
  check_refused("--plan none.toml --width 4", "--width: is said by the plan");
  check_refused("--plan absent.toml", "absent.toml");
  place.write("other.csv", "text,label\niron,metal\noak,wood\noak,wood\niron,metal\n");
  check_refused("--data other.csv --validation 1",
                "label 'wood' of the data is not among the 2 labels of the model (fruit, metal)");
  place.write("run/best/compression.json",
              "{\"ingot_compression\": 1, \"layers\": {\"bert.pooler\": {\"input_sparsity\": 0.5}}}");
  check_refused("", "bert.pooler: is not a layer of this model");
}
