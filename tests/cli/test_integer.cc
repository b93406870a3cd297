// eval and predict in integers, and packed folders.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "engine/base/files.h"
#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;

namespace {

constexpr const char* kLinears[] = {"attention.self.query",   "attention.self.key", "attention.self.value",
                                    "attention.output.dense", "intermediate.dense", "output.dense"};

// A trained run whose best/ computes in fixed point: all Linears, and the words' embeddings.
void make_compressed(const Workplace& place) {
  const Outcome trained = place.run(Workplace::train("--out run"));
  REQUIRE_MESSAGE(trained.code == 0, trained.error);
  const Json fixed{{"input", {{"format", "fixed(8,4)"}}}, {"weight", {{"format", "fixed(8,6)"}}}};
  Json layers{{"bert.pooler.dense", fixed}, {"classifier", fixed}};
  for (const char* name : kLinears) layers[std::string("bert.encoder.layer.0.") + name] = fixed;
  layers["bert.embeddings.word_embeddings"] = {{"weight", {{"format", "fixed(8,6)"}}}};
  place.write("run/best/compression.json", Json{{"ingot_compression", 1}, {"layers", layers}}.dump());
}

Json result_of(const Workplace& place, const std::string& words) {
  const Outcome outcome = place.run(words + " --json --quiet");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  return Json::parse(outcome.out);
}

}  // namespace

TEST_CASE("eval --integer --verify runs every layer in integers, and finds no bit that differs") {
  const Workplace place;
  make_compressed(place);
  const Json floats = result_of(place, "eval run --data train.csv");
  const Json integers = result_of(place, "eval run --data train.csv --integer --verify");
  CHECK(integers["accuracy"] == floats["accuracy"]);
  CHECK(integers["loss"] == floats["loss"]);
  CHECK(integers["integer"]["layers"] == 8);
  CHECK(integers["integer"]["float_layers"].empty());
  CHECK(integers["integer"]["program_bytes"].get<std::int64_t>() > 0);
  const Json& verify = integers["verify"];
  // 120 texts of 9 tokens, framed: five Linears of 16 outputs and one of 16 at each token, 16 and 2 at each text.
  CHECK(verify["values"] == 120 * 9 * 6 * 16 + 120 * 18);
  CHECK(verify["different"] == 0);
  CHECK(verify["logits"] == 240);
  CHECK(verify["different_logits"] == 0);
  CHECK(verify["same_predictions"] == 120);
  CHECK(verify["layers"]["classifier"]["values"] == 240);
}

TEST_CASE("a packed folder is smaller, and eval and predict read it as the folder it was made from") {
  const Workplace place;
  make_compressed(place);
  const Json exported = result_of(place, "export run packed --packed");
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(place / "packed/packed.safetensors"));
  CHECK(exported["packed_bytes"] == size);
  CHECK(size < static_cast<std::int64_t>(std::filesystem::file_size(place / "run/best/model.safetensors")));
  const std::string texts = "'the copper number is large' 'the plum is small'";
  CHECK(result_of(place, "predict packed " + texts)["predictions"] ==
        result_of(place, "predict run " + texts)["predictions"]);
  CHECK(result_of(place, "predict packed --integer " + texts)["predictions"] ==
        result_of(place, "predict run --integer " + texts)["predictions"]);
  const Json packed = result_of(place, "eval packed --data train.csv --integer --verify");
  CHECK(packed["loss"] == result_of(place, "eval run --data train.csv")["loss"]);
  CHECK(packed["integer"]["packed_bytes"] == size);
  CHECK(packed["integer"]["program_bytes"] == exported["program_bytes"]);
  CHECK(packed["verify"]["different"] == 0);
}

TEST_CASE("what cannot run in integers or be packed is said in a sentence, with exit code 2") {
  const Workplace place;
  make_compressed(place);
  REQUIRE(place.run("export run packed --packed").code == 0);
  const auto refused = [&](const std::string& words, const std::string& sentence) {
    const Outcome outcome = place.run(words);
    INFO(words, ": ", outcome.error);
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.error, sentence));
  };
  refused("eval run --data train.csv --verify",
          "--verify: compares integers with the fake-quantised model; it needs --integer");
  refused("export run packed --packed", "packed: holds a model or a run already; choose another folder");
  refused("train --from packed --data train.csv --out more",
          "packed: holds packed codes, not the weights that this needs; use the folder that they were exported from");
  refused("export packed other --packed", "packed: holds packed codes");
  std::filesystem::remove(place / "run/best/compression.json");
  refused("eval run --data train.csv --integer",
          "run/best: no layer of it runs in integers (bert.encoder.layer.0.attention.self.query: its input is not "
          "quantised); make some with `ingot quantize --format fixed`");
}

TEST_CASE("a damaged packed folder is refused, and names the file") {
  const Workplace place;
  make_compressed(place);
  REQUIRE(place.run("export run packed --packed").code == 0);
  const std::string whole = test::text_of_file(place / "packed/packed.safetensors");
  place.write("packed/packed.safetensors", whole.substr(0, whole.size() / 2));
  const Outcome outcome = place.run("predict packed 'the plum'");
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.error, "packed/packed.safetensors"));
}

TEST_CASE("a model in integers alone is quantised, trained on, verified bit for bit, packed and asked") {
  const Workplace place;
  const Outcome trained = place.run(Workplace::train("--out run"));
  REQUIRE_MESSAGE(trained.code == 0, trained.error);
  for (const char* pooling : {"", " --qat-epochs 1"}) {
    const Json made = result_of(place, std::string("quantize run --data train.csv --integer-only --width 6 "
                                                   "--weight-format 4 --batch 8 --out whole") +
                                           pooling);
    const Json verified = result_of(place, "eval whole --data train.csv --integer-only --verify");
    CHECK(verified["verify"]["logits"] == 240);
    CHECK(verified["verify"]["different_logits"] == 0);
    CHECK(verified["integer"]["operations"] == 18);
    CHECK(result_of(place, "eval whole --data train.csv")["loss"] == verified["loss"]);
    CHECK(made["options"]["integer-only"] == true);
    result_of(place, "export whole packed --packed");
    CHECK(result_of(place, "eval packed --data train.csv --integer-only")["loss"] == verified["loss"]);
    const std::string text = " 'the copper number is large'";
    CHECK(result_of(place, "predict packed --integer-only" + text)["predictions"] ==
          result_of(place, "predict whole" + text)["predictions"]);
    const auto refusal = [&](const std::string& words) {
      const Outcome outcome = place.run(words);
      CHECK(outcome.code == 2);
      return outcome.error;
    };
    CHECK(contains(refusal("eval run --data train.csv --integer-only"),
                   "run/best: bert.embeddings.word_embeddings: is not in integers: its weight is not quantised"));
    CHECK(contains(refusal("eval whole --data train.csv --integer"),
                   "has integers between its Linears too; --integer-only runs them"));
    CHECK(contains(refusal("eval whole --data train.csv --integer --integer-only"),
                   "--integer: runs the Linears in integers"));
    CHECK(contains(refusal("export whole onnx --onnx"), "has formats, which the export to ONNX cannot express"));
    CHECK(contains(refusal("quantize run --data train.csv --integer-only --outputs 8 --out other"),
                   "--outputs: is said by --integer-only"));
    CHECK(contains(refusal("quantize run --data train.csv --weight-format 4 --out other"),
                   "--weight-format: goes with --integer-only"));
    std::filesystem::remove_all(place / "whole");
    std::filesystem::remove_all(place / "packed");
  }
}

TEST_CASE("ternary weights and binary embeddings are trained, verified bit for bit and packed in few bits") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const std::string made = "quantize run --data train.csv --integer-only --batch 8 ";
  const Json eight = result_of(place, made + "--out eight");
  const Json few =
      result_of(place, made + "--weight-format ternary --embedding-format binary --qat-epochs 1 --out few");
  CHECK(few["options"]["embedding-format"] == "binary");
  CHECK(few["packed_bytes"] < eight["packed_bytes"]);
  const Json verified = result_of(place, "eval few --data train.csv --integer-only --verify");
  CHECK(verified["verify"]["different_logits"] == 0);
  CHECK(result_of(place, "eval few --data train.csv")["loss"] == verified["loss"]);
  const Json layers = Json::parse(engine::read_file(place / "few/best/compression.json"))["layers"];
  CHECK(contains(layers["bert.embeddings.word_embeddings"]["weight"]["format"].get<std::string>(), "binary"));
  CHECK(contains(layers["classifier"]["weight"]["format"].get<std::string>(), "ternary"));
  result_of(place, "export few packed --packed");
  CHECK(result_of(place, "eval packed --data train.csv --integer-only")["loss"] == verified["loss"]);
  const Outcome again = place.run("quantize run --config few/config.toml --out again --quiet");
  REQUIRE_MESSAGE(again.code == 0, again.error);
  CHECK(engine::read_file(place / "again/best/model.safetensors") ==
        engine::read_file(place / "few/best/model.safetensors"));
}

TEST_CASE("scales are learned on every edge of a model in integers alone, which keeps its bits") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const std::string how = " --data train.csv --integer-only --width 4 --qat-epochs 2 --batch 8 --lr 1e-2 ";
  result_of(place, "quantize run" + how + "--out fixed");
  result_of(place, "quantize run" + how + "--learn-scales --out learned");
  const auto layers_of = [&](const std::string& folder) {
    return Json::parse(engine::read_file(place / (folder + "/best/compression.json")))["layers"];
  };
  CHECK(layers_of("learned") != layers_of("fixed"));
  const Json verified = result_of(place, "eval learned --data train.csv --integer-only --verify");
  CHECK(verified["verify"]["different_logits"] == 0);
  CHECK(result_of(place, "eval learned --data train.csv")["loss"] == verified["loss"]);
}

TEST_CASE("what cannot be in integers is said before training: a width, an edge, a float layer, a length") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const auto refusal = [&](const std::string& plan, const std::string& more = "") {
    place.write("plan.toml", plan);
    const Outcome outcome =
        place.run("quantize run --data train.csv --integer-only --plan plan.toml --qat-epochs 1 --out other" + more);
    CHECK(outcome.code == 2);
    CHECK_FALSE(std::filesystem::exists(place / "other/best"));
    return outcome.error;
  };
  const std::string edge = refusal("[[softmaxes]]\nname = \"*.layer.7.*\"\ninput = \"fixed(12,4)\"\n");
  CHECK_MESSAGE(contains(edge, "plan: '*.layer.7.*' matches none of the 1 softmaxes of the model"), edge);
  const std::string left = refusal("[[layers]]\nname = \"*pooler*\"\nweight = \"float32\"\nbias = \"float32\"\n");
  CHECK_MESSAGE(contains(left,
                         "--integer-only: bert.pooler.dense: is not in integers: its weight is not quantised; "
                         "`ingot quantize DIR --integer-only` makes all of it integers"),
                left);
  const std::string width = refusal("[[layers]]\nname = \"*.output.dense\"\noutput = \"fixed(32,calibrated)\"\n");
  CHECK_MESSAGE(contains(width, "--integer-only: model: layer_0_attention_norm_sum: sums of fixed(32,"), width);
  CHECK(contains(width, "could leave fixed(32,"));
  REQUIRE(place.run("quantize run --data train.csv --integer-only --out whole").code == 0);
  const Outcome longer = place.run("eval whole --data train.csv --integer-only --length 1000");
  CHECK(longer.code == 2);
  CHECK_MESSAGE(contains(longer.error, "length: 1000 is above the 512 positions of the model"), longer.error);
}

TEST_CASE(
    "vectors of texts are made in integers, by an embedding model and of a classifier's rows, and only their length is "
    "not") {
  const Workplace place;
  std::string pairs = "sentence1,sentence2\n";
  for (int i = 0; i < 40; ++i) pairs += i % 2 == 0 ? "the copper is large,the copper\n" : "the plum is small,a plum\n";
  place.write("pairs.csv", pairs);
  const std::string size = " --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 12 --batch 8 ";
  const Outcome trained =
      place.run("train --task embedding --data pairs.csv --epochs 1 --validation 10 --quiet --out run" + size);
  REQUIRE_MESSAGE(trained.code == 0, trained.error);
  result_of(place, "quantize run --data pairs.csv --integer-only --qat-epochs 1 --batch 8 --validation 10 --out whole");
  const Json verified = result_of(place, "eval whole --data pairs.csv --integer-only --verify");
  CHECK(verified["verify"]["logits"] > 0);
  CHECK(verified["verify"]["different_logits"] == 0);
  REQUIRE(place.run(Workplace::train("--out classifier")).code == 0);
  result_of(place, "quantize classifier --data train.csv --integer-only --out labels");
  for (const char* model : {"whole", "labels"}) {
    const std::string words = std::string("embed ") + model + " 'the copper number is large' 'the plum' --quiet";
    const Outcome floats = place.run(words), integers = place.run(words + " --integer-only");
    CHECK_MESSAGE(integers.code == 0, integers.error);
    CHECK(integers.out == floats.out);
    CHECK(contains(integers.out, "0."));
  }
}

TEST_CASE("--cheap is kept by the run, by training on it and by its packed folder, and a plan can take it back") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const auto layers_of = [&](const std::string& folder) {
    return Json::parse(engine::read_file(place / (folder + "/compression.json")))["layers"];
  };
  const std::string softmax = "bert.encoder.layer.0.attention.self.softmax", norm = "bert.embeddings.LayerNorm";
  result_of(place, "quantize run --data train.csv --integer-only --cheap --qat-epochs 1 --batch 8 --out cheap");
  const Json layers = layers_of("cheap/best");
  CHECK(layers[norm]["root"] == "table");
  CHECK(layers[softmax]["table"] == "line");
  CHECK(layers[softmax]["output"]["format"] == "ufixed(8,8)");
  CHECK(layers["bert.encoder.layer.0.output.dense"]["output"]["format"].get<std::string>().starts_with("fixed(12,"));
  const Json verified = result_of(place, "eval cheap --data train.csv --integer-only --verify");
  CHECK(verified["verify"]["different_logits"] == 0);
  CHECK(result_of(place, "eval cheap --data train.csv")["loss"] == verified["loss"]);
  result_of(place, "export cheap packed --packed");
  for (const char* how : {"", " --integer-only"})
    CHECK(result_of(place, std::string("eval packed --data train.csv") + how)["loss"] == verified["loss"]);
  place.write("plan.toml", "[[norms]]\nname = \"bert.embeddings*\"\nroot = \"exact\"\n");
  result_of(place, "quantize cheap --data train.csv --integer-only --cheap --plan plan.toml --out mixed");
  CHECK_FALSE(layers_of("mixed/best")[norm].contains("root"));
  CHECK(layers_of("mixed/best")["bert.encoder.layer.0.output.LayerNorm"]["root"] == "table");
  result_of(place, "quantize cheap --data train.csv --integer-only --out exact");
  CHECK_FALSE(layers_of("exact/best")[softmax].contains("table"));
  const Outcome outcome = place.run("quantize run --data train.csv --cheap --out other");
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.error, "--cheap: goes with --integer-only"));
}

TEST_CASE("quantize and prune cut long texts as the model that they start from does, at its length or another") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--truncation head-tail --out both")).code == 0);
  REQUIRE(place.run(Workplace::train("--truncation head --out first")).code == 0);
  const auto truncation_of = [&](const std::string& words) {
    const Outcome outcome = place.run(words + " --data train.csv --quiet --out made");
    REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
    const std::string found =
        Json::parse(engine::read_file(place / "made/best/tokenizer_config.json"))["ingot_truncation"];
    std::filesystem::remove_all(place / "made");
    return found;
  };
  CHECK(truncation_of("quantize both") == "head-tail");
  CHECK(truncation_of("quantize both --length 5") == "head-tail");
  CHECK(truncation_of("quantize first --length 5") == "head");
  CHECK(truncation_of("quantize both --truncation head") == "head");
  CHECK(truncation_of("prune both --epochs 0 --length 5") == "head-tail");
  CHECK(truncation_of("train --from both --epochs 1 --length 5 --truncation model") == "head-tail");
}

TEST_CASE("eval --against says how many answers differ, and refuses a model of other labels") {
  const Workplace place;
  make_compressed(place);
  REQUIRE(place.run(Workplace::train("--out other --seed 2")).code == 0);
  const Json same = result_of(place, "eval run --data train.csv --against run");
  CHECK(same["against"]["answers"] == 120);
  CHECK(same["against"]["different_answers"] == 0);
  CHECK(same["against"]["output_noise"] == 0.0);
  const Json far = result_of(place, "eval run --data train.csv --integer --against other");
  CHECK(far["against"]["output_noise"].get<double>() > 0);
  CHECK(far["against"]["output_deviation"].get<double>() > 0);
  Json config = Json::parse(engine::read_file(place / "other/best/config.json"));
  config["label2id"].erase(config["id2label"]["0"].get<std::string>());
  config["label2id"]["renamed"] = 0;
  config["id2label"]["0"] = "renamed";
  place.write("other/best/config.json", config.dump());
  const Outcome refused = place.run("eval run --data train.csv --against other");
  CHECK(refused.code == 2);
  CHECK_MESSAGE(contains(refused.error, "--against: other/best has other labels than run/best"), refused.error);
}

TEST_CASE("export --c writes a C program that answers as predict does, and says what it cannot write") {
  const Workplace place;
  const Outcome trained = place.run(Workplace::train("--out run"));
  REQUIRE_MESSAGE(trained.code == 0, trained.error);
  result_of(place, "quantize run --data train.csv --integer-only --weight-format 4 --batch 8 --out whole");
  const Json made = result_of(place, "export whole c --c");
  CHECK(made["longest"] == 16);
  const std::string bytes = std::to_string(made["constant_bytes"].get<std::int64_t>());
  CHECK(contains(test::text_of_file(place / "c/model.h"), "#define MODEL_CONSTANT_BYTES " + bytes + " "));
  CHECK(contains(test::text_of_file(place / "c/README.md"), "ingot tokenizer encode . <texts.txt | ./model"));

  const char* const words[] = {"iron", "plum", "copper number 3 is small", "apple apple the cherry",
                               "the the the the the the the the the the the the the the the the the the plum"};
  std::string texts;
  for (const char* text : words) texts += std::string(text) + "\n";
  const Outcome encoded = place.run("tokenizer encode c", texts);
  place.write("ids", encoded.out);
  const std::string folder = (place / "").string();
  const std::string compile = "cd '" + folder + "c' && cc -std=c99 -Wall -Wextra -Wconversion -Wpedantic -Werror -O1 " +
                              "-fsanitize=undefined,address -fno-sanitize-recover=all model.c main.c -o model";
  REQUIRE(std::system(compile.c_str()) == 0);
  REQUIRE(std::system(("cd '" + folder + "' && c/model <ids >answers").c_str()) == 0);
  const Outcome predicted = place.run("predict whole --integer-only --json", texts);
  REQUIRE_MESSAGE(predicted.code == 0, predicted.error);
  const Json predictions = Json::parse(predicted.out)["predictions"];
  std::ifstream answers(place / "answers");
  for (const Json& prediction : predictions) {
    std::string label;
    double fruit = 0, metal = 0;
    REQUIRE((answers >> label >> fruit >> metal).good());
    INFO(prediction.dump());
    CHECK(label == prediction["label"]);
    CHECK(prediction["probability"].get<double>() == doctest::Approx(1 / (1 + std::exp(-std::abs(fruit - metal)))));
  }
  CHECK(predictions.size() == 5);
  const int status = std::system(("cd '" + folder + "' && echo 99999 | c/model 2>/dev/null").c_str());
  CHECK(WEXITSTATUS(status) == 2);

  const auto refusal = [&](const std::string& line) {
    const Outcome outcome = place.run(line);
    CHECK(outcome.code == 2);
    return outcome.error;
  };
  CHECK(contains(refusal("export run other --c"),
                 "run/best: bert.embeddings.word_embeddings: is not in integers: its weight is not quantised"));
  CHECK(contains(refusal("export run other --c"), "`ingot quantize DIR --integer-only` makes all of it integers"));
  CHECK(!std::filesystem::exists(place / "other"));
  CHECK(contains(refusal("export whole c --c"), "c: holds a model.h already; choose another folder"));
  CHECK(contains(refusal("export whole run --c"), "choose another folder"));
  for (const char* other : {"--packed", "--onnx", "--float"})
    CHECK(contains(refusal(std::string("export whole other --c ") + other), "choose one of them"));
}

TEST_CASE("search mixed --integer-only searches whole models in integers, and its plan makes the best one again") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const std::string search = "search mixed run --data train.csv --validation 20 --integer-only --trials 4 --quiet ";
  const Outcome found = place.run(search + "--objectives accuracy,bytes --out found --json");
  REQUIRE_MESSAGE(found.code == 0, found.error);
  CHECK(Json::parse(found.out)["trials"].size() == 4);
  const Json whole = result_of(place, "eval found/best --data train.csv --integer-only --verify");
  CHECK(whole["verify"]["different_logits"] == 0);
  const Outcome again =
      place.run("quantize run --data train.csv --validation 20 --plan found/plan.toml --quiet --out made");
  REQUIRE_MESSAGE(again.code == 0, again.error);
  CHECK(engine::read_file(place / "made/best/compression.json") ==
        engine::read_file(place / "found/best/compression.json"));
  const Outcome trained = place.run(search + "--qat-steps 2 --out trained --json");
  REQUIRE_MESSAGE(trained.code == 0, trained.error);
  CHECK(result_of(place, "eval trained/best --data train.csv --integer-only --verify")["verify"]["different_logits"] ==
        0);
  const auto refusal = [&](const std::string& words) {
    const Outcome outcome = place.run(words + " --out other");
    CHECK(outcome.code == 2);
    return outcome.error;
  };
  CHECK(contains(refusal(search + "--formats mx"), "--formats: is said by --integer-only"));
  CHECK(contains(refusal(search + "--edge-widths 4,12"), "--edge-widths"));
  CHECK(contains(refusal("search mixed run --data train.csv --edge-widths 4 --trials 1"),
                 "--edge-widths: goes with --integer-only"));
  CHECK(contains(refusal("search mixed found/best --data train.csv --integer-only --trials 1"),
                 "--integer-only: needs a model in floats to start from"));
}

TEST_CASE("the classifier of examples/ answers in integers, the same on every processor") {
  const Workplace place;
  const std::string model = INGOT_GOLDEN "/../../examples/imdb-chip";
  const Outcome outcome =
      place.run("predict " + model + " 'a wonderful film, moving and funny' 'dull, badly acted and far too long'");
  CHECK_MESSAGE(outcome.code == 0, outcome.error);
  CHECK(outcome.out == "pos\t0.9953\nneg\t0.9321\n");
  const Json emitted = result_of(place, "emit " + model + " --block model --target ecp5-85 --out rtl");
  CHECK(emitted["pi"] == 8);
  CHECK(emitted["longest"] == 256);
}
