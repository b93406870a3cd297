// What ingot export writes of a compressed model, and what it says of it.
#include <doctest/doctest.h>

#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

// A place with a trained model in run/.
struct Trained : Workplace {
  Trained() { REQUIRE(Workplace::run(train("--out run")).code == 0); }

  // Probabilities of texts, with all their digits.
  Json predictions(const std::string& model) const {
    const Outcome outcome = run("predict " + model + " --json 'the iron number 3 is small' 'the plum is here' copper");
    INFO(outcome.error);
    REQUIRE(outcome.code == 0);
    return Json::parse(outcome.out)["predictions"];
  }
  void compress(const Json& layers) const {
    write("run/best/compression.json", Json{{"ingot_compression", 1}, {"layers", layers}}.dump());
  }
  Outcome exported(const std::string& words) const {
    const Outcome outcome = run("export " + words);
    INFO(outcome.error);
    REQUIRE(outcome.code == 0);
    return outcome;
  }
};

// A format for weights of everything, and for biases.
Json weights_in(const std::string& format, const std::string& mode = "standard") {
  Json layers;
  for (const char* name : {"attention.self.query", "attention.self.value", "intermediate.dense", "output.dense"}) {
    Json& layer = layers[std::string("bert.encoder.layer.0.") + name];
    layer["weight"] = {{"format", format}, {"mode", mode}};
    layer["bias"] = {{"format", "fixed(6,4)"}};
  }
  layers["classifier"]["weight"] = {{"format", format}, {"mode", mode}};
  layers["bert.embeddings.word_embeddings"]["weight"] = {{"format", format}, {"mode", mode}};
  return layers;
}

}  // namespace

TEST_CASE("an exported model has the weights on their grid: without its formats it predicts the same bits") {
  const Trained place;
  const Json plain = place.predictions("run");
  int i = 0;
  for (const char* format : {"fixed(3,2)", "ternary(channel)", "binary(channel)", "minifloat(6,e3)", "log(5)",
                             "mx(fp4_e2m1)", "block_fp(5,e8,[1,16])", "binary_residual(2)"}) {
    CAPTURE(format);
    place.compress(weights_in(format));
    const Json compressed = place.predictions("run");
    CHECK(compressed != plain);
    const std::string out = "out" + std::to_string(i++);
    const Outcome outcome = place.exported("run " + out + " --json");
    CHECK(place.predictions(out) == compressed);
    fs::remove(place / (out + "/compression.json"));  // what transformers sees
    CHECK(place.predictions(out) == compressed);
    CHECK(contains(outcome.error, "the pruned and quantised ones that the model computes with"));
    CHECK(!contains(outcome.error, "cannot carry"));
    CHECK(Json::parse(outcome.out)["notes"].size() >= 1);
  }
}

TEST_CASE("masks, fraction bits by channel, mase mode and learned steps are in the exported weights") {
  const Trained place;
  const std::string data = " --data train.csv --validation 20 --batch 8 --quiet ";
  REQUIRE(place.run("prune run" + data + "--sparsity 0.5 --out pruned").code == 0);
  REQUIRE(place.run("quantize pruned" + data + "--width 4 --per channel --embeddings --out channels").code == 0);
  REQUIRE(place.run("quantize run" + data + "--width 4 --mode mase --per tensor --out mase").code == 0);
  REQUIRE(place.run("quantize run" + data + "--width 4 --learn-scales --qat-epochs 1 --out learned").code == 0);
  for (const std::string run : {"pruned", "channels", "mase", "learned"}) {
    CAPTURE(run);
    place.exported(run + " out-" + run);
    CHECK(place.predictions("out-" + run) == place.predictions(run));
    // Formats of weights and biases and the masks are spent: nothing changes without them.
    Json file = Json::parse(test::text_of_file(place / ("out-" + run + "/compression.json")));
    for (Json& layer : file["layers"])
      for (const char* part : {"weight", "bias", "mask"}) layer.erase(part);
    place.write("out-" + run + "/compression.json", file.dump());
    fs::remove(place / ("out-" + run + "/masks.safetensors"));
    CHECK(place.predictions("out-" + run) == place.predictions(run));
  }
}

TEST_CASE("what a Hugging Face folder cannot carry is said on standard error and in the model card") {
  const Trained place;
  Json layers = weights_in("fixed(4,3)");
  layers["classifier"]["input"] = {{"format", "fixed(4,2)"}};
  layers["bert.pooler.dense"]["input_sparsity"] = 0.5;
  layers["bert.pooler.dense"]["output"] = {{"format", "fixed(6,3)"}};
  place.compress(layers);
  const Outcome outcome = place.exported("run out");
  const char* const lost =
      "cannot carry the quantised inputs of 1 layer, quantised outputs of 1 layer, sparse inputs of "
      "1 layer";
  CHECK(contains(outcome.error, lost));
  const std::string card = test::text_of_file(place / "out/README.md");
  CHECK(contains(card, lost));
  CHECK(contains(card, "reads the mean of a text's tokens"));  // what a run pools by default
  CHECK(contains(card, "mean = (hidden * mask).sum(1) / mask.sum(1)"));
  CHECK(place.predictions("out") == place.predictions("run"));
  place.write("mine/README.md", "mine");
  CHECK(contains(place.exported("run mine").error, "README.md is there already and stays as it is"));
  CHECK(test::text_of_file(place / "mine/README.md") == "mine");
}

TEST_CASE("--float writes the weights that training goes on from; packed codes have none") {
  const Trained place;
  const std::string weights = test::text_of_file(place / "run/best/model.safetensors");
  place.compress(weights_in("fixed(3,2)"));
  const Outcome outcome = place.exported("run floats --float");
  CHECK(contains(outcome.error, "the float weights that training goes on from"));
  CHECK(test::text_of_file(place / "floats/model.safetensors") == weights);
  CHECK(place.predictions("floats") == place.predictions("run"));
  place.exported("run packed --packed");
  place.exported("packed unpacked");
  CHECK(place.predictions("unpacked") == place.predictions("run"));
  fs::remove(place / "unpacked/compression.json");
  CHECK(place.predictions("unpacked") == place.predictions("run"));
  CHECK(place.run("export packed again --float").code == 2);
  CHECK(place.run("export run again --float --packed").code == 2);
  CHECK(!fs::exists(place / "again"));
}

TEST_CASE("a format that would change its own numbers again is not left beside them") {
  const Trained place;
  // Twice the mean of what binary(tensor) scaled is the mean again; a residual of two scales is fitted anew.
  place.compress(weights_in("binary_residual(2)"));
  place.exported("run out");
  place.exported("out again");
  CHECK(place.predictions("again") == place.predictions("run"));
}

TEST_CASE("--onnx writes a folder with model.onnx, what reads its texts, and a card that says how") {
  const Trained place;
  const Outcome outcome = place.exported("run onnx --onnx --json");
  const Json result = Json::parse(outcome.out);
  CHECK(result["output"] == "logits");
  CHECK(result["notes"].empty());
  CHECK(result["bytes"] == fs::file_size(place / "onnx/model.onnx"));
  for (const char* file : {"config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "README.md"})
    CHECK(fs::exists(place / (std::string("onnx/") + file)));
  CHECK(!fs::exists(place / "onnx/model.safetensors"));
  CHECK(contains(test::text_of_file(place / "onnx/README.md"), "session.run([\"logits\"]"));
  place.exported("run again --onnx");
  const std::string bytes = test::text_of_file(place / "onnx/model.onnx");
  CHECK(bytes == test::text_of_file(place / "again/model.onnx"));
  CHECK(contains(bytes, "bert.encoder.layer.0.intermediate.dense.MatMul"));

  Json layers = weights_in("fixed(4,3)");
  layers["classifier"]["input"] = {{"format", "fixed(4,2)"}};
  layers["bert.pooler.dense"]["output"] = {{"format", "fixed(12,3)"}};
  place.compress(layers);
  const Outcome compressed = place.exported("run compressed --onnx");
  CHECK(contains(compressed.error, "these are wider"));
  CHECK(contains(test::text_of_file(place / "compressed/README.md"), "bert.pooler.dense.output (fixed(12,3"));
  CHECK(contains(test::text_of_file(place / "compressed/model.onnx"), "classifier.input.QuantizeLinear"));
  place.exported("run packed --packed");
  place.exported("packed unpacked --onnx");
  CHECK(test::text_of_file(place / "unpacked/model.onnx") == test::text_of_file(place / "compressed/model.onnx"));
  place.exported("run floats --onnx --float");
  CHECK(test::text_of_file(place / "floats/model.onnx") == bytes);
}

TEST_CASE("--onnx refuses a file as its target, packed codes beside it, and a model where one is") {
  const Trained place;
  CHECK(contains(place.run("export run model.onnx --onnx").error, "model.onnx: --onnx writes a folder"));
  CHECK(place.run("export run out --onnx --packed").code == 2);
  CHECK(place.run("export run run/best --onnx").code == 2);
  CHECK(!fs::exists(place / "model.onnx"));
  CHECK(!fs::exists(place / "out"));
}
