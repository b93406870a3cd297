#include <doctest/doctest.h>

#include <cstring>

#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

std::string golden(const std::string& task) { return std::string(INGOT_GOLDEN) + "/bert/" + task; }

bool same_tensors(const fs::path& a, const fs::path& b) {
  const engine::Safetensors left(a), right(b);
  if (left.entries().size() != right.entries().size()) return false;
  for (const engine::SafetensorsEntry& entry : left.entries()) {
    const engine::SafetensorsEntry* other = right.find(entry.name);
    if (other == nullptr || other->shape != entry.shape || other->bytes.size() != entry.bytes.size()) return false;
    if (std::memcmp(other->bytes.data(), entry.bytes.data(), entry.bytes.size()) != 0) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("train, eval and predict work on a table of texts, and leave what they promise") {
  const Workplace place;
  const Outcome trained = place.run(Workplace::train("--out run --json --seed 3"));
  REQUIRE_MESSAGE(trained.code == 0, trained.error);
  const Json result = Json::parse(trained.out);
  for (const char* key : {"accuracy", "f1", "loss", "tokens_per_second", "wall_seconds", "cpu_seconds",
                          "peak_memory_bytes", "seed", "options", "build", "validation_accuracy"}) {
    CHECK_MESSAGE(result.contains(key), key);
  }
  CHECK(result["accuracy"].get<double>() >= 0.95);
  CHECK(result["evaluated_on"] == "validation");
  CHECK(Json::parse(test::text_of_file(place / "run/result.json")) == result);
  CHECK(test::text_of_file(place / "run/config.toml").find("lr = 0.01") != std::string::npos);
  CHECK(fs::exists(place / "run/best/model.safetensors"));
  CHECK(fs::exists(place / "run/last/vocab.txt"));

  const Outcome evaluated = place.run("eval run --data train.csv --json");
  REQUIRE_MESSAGE(evaluated.code == 0, evaluated.error);
  CHECK(Json::parse(evaluated.out)["accuracy"].get<double>() >= 0.95);
  CHECK(Json::parse(evaluated.out)["examples"] == 120);

  const Outcome predicted = place.run("predict run 'the copper number is large' 'the plum is small'");
  CHECK(predicted.out.starts_with("metal\t"));
  CHECK(predicted.out.find("\nfruit\t") != std::string::npos);
  const Outcome lines = place.run("predict run --json", "the iron\n\nthe cherry\n");
  REQUIRE_MESSAGE(lines.code == 0, lines.error);
  const Json predictions = Json::parse(lines.out)["predictions"];
  REQUIRE(predictions.size() == 3);
  CHECK(predictions[0]["label"] == "metal");
  CHECK(predictions[2]["label"] == "fruit");
  double total = 0;
  for (const auto& [label, p] : predictions[1]["probabilities"].items()) total += p.get<double>();
  CHECK(total == doctest::Approx(1));
}

TEST_CASE("eval compares labels by name, in whatever order the model numbers them") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const auto accuracy = [&] { return Json::parse(place.run("eval run --data train.csv --json").out)["accuracy"]; };
  const double before = accuracy();
  Json config = Json::parse(test::text_of_file(place / "run/best/config.json"));
  config["id2label"] = {{"0", "metal"}, {"1", "fruit"}};
  config["label2id"] = {{"metal", 0}, {"fruit", 1}};
  place.write("run/best/config.json", config.dump());
  CHECK(accuracy().get<double>() == doctest::Approx(1 - before));
}

TEST_CASE("a configuration file gives the options, and the command line wins over it") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out a --epochs 1")).code == 0);
  place.write("again.toml", test::text_of_file(place / "a/config.toml"));
  REQUIRE(place.run("train --config again.toml --out b --quiet").code == 0);
  CHECK(test::text_of_file(place / "a/last/model.safetensors") ==
        test::text_of_file(place / "b/last/model.safetensors"));
  const Outcome other = place.run("train --config again.toml --epochs 2 --out c --quiet --json");
  CHECK(Json::parse(other.out)["options"]["epochs"] == 2);
}

TEST_CASE("pretrain makes a body that train starts from") {
  const Workplace place;
  const Outcome pretrained = place.run(
      "pretrain --data train.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --batch "
      "16 "
      "--epochs 2 --lr 1e-2 --quiet --json --out mlm");
  REQUIRE_MESSAGE(pretrained.code == 0, pretrained.error);
  CHECK(Json::parse(pretrained.out)["validation_loss"].get<double>() < std::log(17.0));
  const Outcome trained = place.run(
      "train --from mlm --data train.csv --length 16 --batch 8 --epochs 3 --lr 1e-2 --validation 20 --quiet --json "
      "--out sft");
  REQUIRE_MESSAGE(trained.code == 0, trained.error);
  CHECK(Json::parse(trained.out)["accuracy"].get<double>() >= 0.95);
  CHECK(test::text_of_file(place / "sft/best/config.json").find("\"ingot_pooling\": \"mean\"") != std::string::npos);
  REQUIRE(place.run("train --from mlm --data train.csv --length 16 --epochs 1 --pooling cls --quiet --out cls").code ==
          0);
  CHECK(test::text_of_file(place / "cls/best/config.json").find("ingot_pooling") == std::string::npos);
  REQUIRE(place.run("train --from cls --data train.csv --length 16 --epochs 1 --quiet --out again").code == 0);
  CHECK(test::text_of_file(place / "again/best/config.json").find("ingot_pooling") == std::string::npos);
  // A classifier goes on where it was: one more epoch from a trained one starts well.
  const Outcome more = place.run(
      "train --from sft --data train.csv --length 16 --batch 8 --epochs 1 --lr 1e-5 --validation 20 --quiet --json "
      "--out more");
  REQUIRE_MESSAGE(more.code == 0, more.error);
  CHECK(Json::parse(more.out)["accuracy"].get<double>() >= 0.95);
}

TEST_CASE("a tokenizer is learned, and encodes the lines of standard input") {
  const Workplace place;
  const Outcome learned = place.run("tokenizer train --data train.csv --pieces 40 --out tok.model --json");
  REQUIRE_MESSAGE(learned.code == 0, learned.error);
  CHECK(Json::parse(learned.out)["pieces"] == 40);
  const Outcome encoded = place.run("tokenizer encode vocab.txt", "The iron\n\nplum!\n");
  CHECK(encoded.out == "5 6\n\n10 1\n");
  const Outcome pieces = place.run("tokenizer encode vocab.txt --json", "small\n");
  CHECK(Json::parse(pieces.out)["texts"] == Json::array({{{"ids", {14}}, {"pieces", {"small"}}}}));
  CHECK(place.run("tokenizer encode tok.model", "the iron is here\n").code == 0);
}

TEST_CASE("a board is sent frames: of each text its length, and a word of four bytes a token, the lowest first") {
  const Workplace place;
  REQUIRE(place
              .run("train --data train.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 6 "
                   "--epochs 1 --quiet --out run")
              .code == 0);
  const auto bytes = [](std::initializer_list<int> ids) {
    std::string text{static_cast<char>(ids.size()), 0, 0, 0};
    for (const int id : ids) text += {static_cast<char>(id), 0, 0, 0};
    return text;
  };
  const Outcome framed = place.run("tokenizer encode run --frames --quiet", "the iron\n\nthe iron is small here\n");
  CHECK(framed.code == 0);  // the third text loses its middle, as in training
  CHECK(framed.out == bytes({2, 5, 6, 3}) + bytes({2, 3}) + bytes({2, 5, 6, 14, 16, 3}));
  CHECK(place.run("tokenizer encode run --frames --length 4", "the iron is\n").out == bytes({2, 5, 13, 3}));
  CHECK(place.run("tokenizer encode run --frames --length 2", "the\n").code == 2);
  CHECK(place.run("tokenizer encode vocab.txt --frames", "the\n").code == 2);
  CHECK(place.run("tokenizer encode run --length 4", "the\n").code == 2);
  const Outcome wrong = place.run("tokenizer encode run --frames", "the\n\xff\n");
  CHECK(wrong.code == 2);
  CHECK(wrong.out == bytes({2, 5, 3}));
  CHECK(wrong.error.find("line 2: ") != std::string::npos);
}

TEST_CASE("import then export gives back the tensors bit for bit") {
  const Workplace place;
  for (const std::string task : {"sequence-classification", "masked-lm"}) {
    REQUIRE(place.run("import " + golden(task) + " --out in-" + task).code == 0);
    REQUIRE(place.run("export in-" + task + " out-" + task).code == 0);
    CHECK(same_tensors(golden(task) + "/model.safetensors", place / ("out-" + task + "/model.safetensors")));
  }
}

TEST_CASE("trace writes what another implementation computed") {
  const Workplace place;
  for (const std::string task : {"sequence-classification", "masked-lm"}) {
    const Outcome traced = place.run("trace " + golden(task) + " --batch " + golden(task) +
                                     "/reference.safetensors --out t.safetensors --gradients");
    REQUIRE_MESSAGE(traced.code == 0, traced.error);
    const engine::Safetensors ours(place / "t.safetensors"), theirs(golden(task) + "/reference.safetensors");
    for (const engine::SafetensorsEntry& entry : ours.entries()) {
      INFO(task, " ", entry.name);
      const engine::SafetensorsEntry* expected = theirs.find(entry.name);
      REQUIRE(expected != nullptr);
      CHECK(expected->shape == entry.shape);
      const std::vector<float> a = ours.floats(entry), b = theirs.floats(*expected);
      double difference = 0, norm = 0;
      for (std::size_t i = 0; i < a.size(); ++i) {
        difference += std::pow(double(a[i]) - b[i], 2);
        norm += double(b[i]) * b[i];
      }
      CHECK(std::sqrt(difference) <= 1e-4 * std::sqrt(norm) + 1e-6);
    }
    CHECK(ours.find("hidden_states.2") != nullptr);
    CHECK(ours.find("grad.bert.embeddings.word_embeddings.weight") != nullptr);
  }
}

TEST_CASE("training from a compressed model keeps its formats and masks, and eval and export see them") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const auto accuracy_loss = [&](const std::string& folder) {
    const Outcome outcome = place.run("eval " + folder + " --data train.csv --json --quiet");
    REQUIRE(outcome.code == 0);
    return engine::Json::parse(outcome.out)["loss"].get<double>();
  };
  const double plain = accuracy_loss("run");
  const std::string plan =
      "{\"ingot_compression\": 1, \"layers\": {\"classifier\": {\"weight\": {\"format\": \"fixed(2,2)\"}}}}";
  place.write("run/best/compression.json", plan);
  const double coarse = accuracy_loss("run");
  CHECK(coarse != plain);
  REQUIRE(place.run("export run exported").code == 0);
  CHECK(accuracy_loss("exported") == coarse);
  const std::string tuned =
      "train --data train.csv --from run --length 16 --batch 8 --validation 20 --quiet --out tuned";
  REQUIRE(place.run(tuned).code == 0);
  const auto saved = engine::Json::parse(test::text_of_file(place / "tuned/best/compression.json"));
  CHECK(saved == engine::Json::parse(plan));
  const auto result = engine::Json::parse(test::text_of_file(place / "tuned/result.json"));
  CHECK(result["layers"][0]["weight"] == "fixed(2,2)");
  CHECK(result["average_bits"] < 32);
  // Another plan is another run.
  place.write("run/best/compression.json",
              "{\"ingot_compression\": 1, \"layers\": {\"classifier\": {\"weight\": {\"format\": \"fixed(3,2)\"}}}}");
  const Outcome resumed = place.run(tuned + " --resume");
  CHECK(resumed.code == 2);
  CHECK(resumed.error.find("compression: saved ") != std::string::npos);
}

TEST_CASE("what is kept for the next run is shown, and removed when asked for") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const Json kept = Json::parse(place.run("cache --json").out);
  REQUIRE(kept["entries"].size() == 1);
  CHECK(kept["entries"][0]["name"].get<std::string>().starts_with("tokens-"));
  CHECK(kept["bytes"] > 0);
  CHECK(place.run("cache").out.find("1 entries of 0.0 MiB, limit 1024 MiB") != std::string::npos);
  CHECK(place.run("cache --clear").code == 0);
  CHECK(Json::parse(place.run("cache --json").out)["entries"].empty());
  CHECK(place.run("cache", "", "INGOT_CACHE_LIMIT=much").error ==
        "ingot: INGOT_CACHE_LIMIT: must be a whole number of MiB, got 'much'\n");
}
