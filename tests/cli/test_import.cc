// What ingot import accepts of Hugging Face folders, what it refuses, and what it prints of what strangers wrote.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"
#include "tests/support/torch_archive.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

// A place with a classifier of 17 rows as a Hugging Face folder hf/, whose 17 pieces are those of Workplace.
struct Folder : Workplace {
  Folder() {
    REQUIRE(run(train("--out run")).code == 0);
    REQUIRE(run("export run hf").code == 0);
    for (const char* file : {"tokenizer.json", "README.md"}) fs::remove(*this / "hf" / file);
  }

  std::string vocabulary(std::size_t n) const {  // its first pieces
    const std::string all = test::text_of_file(*this / "vocab.txt");
    std::size_t end = 0;
    while (n-- > 0) end = all.find('\n', end) + 1;
    return all.substr(0, end);
  }
  Outcome imported() const {
    fs::remove_all(*this / "m");
    return run("import hf --out m");
  }
  void accepts() const {
    const Outcome outcome = imported();
    INFO(outcome.error);
    CHECK(outcome.code == 0);
    CHECK(run("predict m 'the iron number'").out == run("predict run 'the iron number'").out);
  }
  // The import is refused in one line that says so, and nothing is written.
  void refuses(const std::string& why) const {
    const Outcome outcome = imported();
    INFO(outcome.error);
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.error, why));
    CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
    CHECK(!fs::exists(*this / "m/config.json"));
  }
  Json config() const { return Json::parse(test::text_of_file(*this / "run/best/config.json")); }
  void put_config(const Json& object) const { write("hf/config.json", object.dump()); }
};

}  // namespace

TEST_CASE("a vocabulary padded in the model, added tokens and other files beside a vocabulary are imported") {
  const Folder place;
  place.accepts();
  place.write("hf/vocab.txt", place.vocabulary(15));
  place.accepts();
  CHECK(contains(place.imported().error, "2 rows more than its tokenizer has pieces"));
  place.write("hf/added_tokens.json", R"({"<new>": 15, "Extra": 16})");
  place.accepts();
  CHECK(place.run("tokenizer encode m", "iron<new>EXTRA\n").out == "6 15 16\n");
  place.write("hf/added_tokens.json", R"({"<new>": 17})");
  place.refuses("added token '<new>' has id 17, far behind the 15 pieces");
  fs::remove(place / "hf/added_tokens.json");
  place.write("hf/vocab.txt", place.vocabulary(17) + "more\n");
  place.refuses("the vocabulary has 18 pieces, the model 17");
  place.write("hf/vocab.txt", place.vocabulary(5));
  place.refuses("the vocabulary has 5 pieces, the model 17");
}

TEST_CASE("a tokenizer that cannot be read is refused at import by its name, and another may stand in") {
  const Folder place;
  fs::remove(place / "hf/vocab.txt");
  CHECK(contains(place.imported().error, "note: there is no tokenizer in it"));
  for (const char* file : {"vocab.json", "sentencepiece.bpe.model"}) {
    place.write(std::string("hf/") + file, "{}");
    place.refuses(std::string("its tokenizer is in ") + file + ", which is not read");
    fs::remove(place / "hf" / file);
  }
  place.write("hf/vocab.json", "{}");
  const Outcome outcome = place.run("import hf --tokenizer vocab.txt --out m");
  CHECK(outcome.code == 0);
  CHECK(place.run("predict m 'the iron number'").out == place.run("predict run 'the iron number'").out);
  place.write("hf/vocab.txt", place.vocabulary(17));
  fs::remove(place / "hf/vocab.json");
  const Json whole = Json::parse(test::text_of_file(place / "hf/tokenizer_config.json"));
  const auto with = [&](const char* key, const Json& value) {
    Json object = whole;
    object[key] = value;
    place.write("hf/tokenizer_config.json", object.dump());
  };
  with("tokenizer_class", "BertJapaneseTokenizer");
  place.refuses("only BERT's WordPiece is supported, got \"BertJapaneseTokenizer\" (another can stand in: --tokenizer");
  with("truncation_side", "left");
  place.refuses("truncation_side: only \"right\" is supported, got \"left\"");
  with("model_max_length", "512");
  place.refuses("model_max_length must be a number from 3");
  with("model_max_length", 2);
  place.refuses("model_max_length must be a number from 3");
  with("model_max_length", 1e30);
  place.accepts();
}

TEST_CASE("problems that no head solves, and labels that disagree, are refused at import; names keep their order") {
  const Folder place;
  Json config = place.config();
  config["id2label"] = {{"0", "z"}, {"1", "a"}};
  config["label2id"] = {{"z", 0}, {"a", 1}};
  place.put_config(config);
  REQUIRE(place.imported().code == 0);
  CHECK(Json::parse(test::text_of_file(place / "m/config.json"))["id2label"] == config["id2label"]);
  config["label2id"] = {{"z", 1}, {"a", 0}};
  place.put_config(config);
  place.refuses("label2id: must be 0 for 'z' as id2label says, got 1");
  config = place.config();
  config["problem_type"] = "ranking";
  place.put_config(config);
  place.refuses(
      "problem_type: must be single_label_classification, multi_label_classification or regression, got 'ranking'");
  config = place.config();
  config["id2label"] = {{"0", "score"}};
  config["label2id"] = {{"score", 0}};
  place.put_config(config);
  place.refuses("classifier.weight: expected shape [1,16], got [2,16]");  // a score, of a model with two
  config["model_type"] = "distilbert";
  place.put_config(config);
  place.refuses("model_type: only \"bert\" is supported, got \"distilbert\"");
}

TEST_CASE("nothing that a stranger wrote into a folder reaches the terminal raw") {
  const Folder place;
  const std::string evil = "\x1b[31mred\x07\nfake: line\r\xc2\x9b";
  const auto harmless = [&](const std::string& words) {
    const Outcome outcome = place.run(words);
    INFO(words, ": ", outcome.error);
    CHECK(outcome.code == 2);
    for (const std::string& text : {outcome.error, outcome.out}) {
      CHECK(text.find('\x1b') == std::string::npos);
      CHECK(text.find('\x07') == std::string::npos);
      CHECK(text.find('\r') == std::string::npos);
      CHECK(text.find("\xc2\x9b") == std::string::npos);
    }
    CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
  };
  const Json config = place.config();
  for (const char* key : {"model_type", "hidden_act", "problem_type", "vocab_size", "ingot_pooling", "id2label",
                          "label2id", "ingot_identities", "position_embedding_type"}) {
    Json object = config;
    object[key] = evil;
    place.put_config(object);
    harmless("import hf --out m");
  }
  for (const char* key : {"architectures", "ingot_identities"}) {
    Json object = config;
    object[key] = {evil};
    place.put_config(object);
    harmless("import hf --out m");
  }
  Json object = config;
  object["label2id"] = {{evil, 0}, {"b", 1}};
  place.put_config(object);
  harmless("import hf --out m");
  place.put_config(config);
  const std::string settings = test::text_of_file(place / "hf/tokenizer_config.json");
  for (const char* key : {"tokenizer_class", "do_lower_case", "truncation_side", "model_max_length", "cls_token"}) {
    Json object = Json::parse(settings);
    object[key] = evil;
    place.write("hf/tokenizer_config.json", object.dump());
    harmless("import hf --out m");
  }
  place.write("hf/tokenizer_config.json", settings);
  for (const char* part : {"name", "format", "role"}) {
    Json layer = {{"weight", {{"format", part == std::string("format") ? evil : "fixed(4,2)"}}}};
    if (part == std::string("role")) layer[evil] = 1;
    place.write("hf/compression.json",
                Json{{"ingot_compression", 1}, {"layers", {{part == std::string("name") ? evil : "classifier", layer}}}}
                    .dump());
    harmless("import hf --out m");
  }
  fs::remove(place / "hf/compression.json");
  place.write("hf/added_tokens.json", Json{{evil, 5}}.dump());
  harmless("import hf --out m");
}

TEST_CASE("what a stranger pickled is printed harmlessly and not executed") {
  const Folder place;
  fs::remove(place / "hf/model.safetensors");
  const std::string evil = "\x1b[31mred\x07\rfake: line\xc2\x9b";
  const std::string tensor = test::pickled(test::PickledView{.n_values = 1, .shape = {1}, .strides = {1}});
  for (const std::string& items :
       {"c" + evil + "\nsystem\n(" + test::pickled("touch witness") + "tR", test::pickled(evil) + "Ns",
        test::pickled(evil) + tensor + "s",
        test::pickled("a") + test::pickled(test::PickledView{.key = evil, .shape = {0}, .strides = {1}}) + "s"}) {
    place.write("hf/pytorch_model.bin", test::torch_file_of(test::pickled_dict(items), {"1234"}));
    place.refuses("hf/pytorch_model.bin: ");
    const std::string error = place.imported().error;
    for (const char* part : {"\x1b", "\x07", "\r", "\xc2\x9b"}) CHECK(!contains(error, part));
  }
  place.write("hf/model.safetensors.index.json", Json{{"weight_map", {{"a", evil}}}}.dump());
  place.refuses("hf/model.safetensors.index.json: weight_map: a: must be the name of a .safetensors file");
  CHECK(!fs::exists(place / "witness"));
}

TEST_CASE("a folder whose tokenizer is tokenizer.json alone is imported, and exported with one") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  REQUIRE(place.run("export run words").code == 0);
  REQUIRE(place
              .run("train --data train.csv --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --epochs 1 --quiet "
                   "--out pieces-run")
              .code == 0);
  REQUIRE(place.run("export pieces-run pieces").code == 0);
  for (const std::string folder : {"words", "pieces"}) {
    const std::string native = folder == "words" ? "vocab.txt" : "tokenizer.model";
    const std::string encoded = place.run("tokenizer encode " + folder, "the iron Number 7\n\n").out;
    REQUIRE(fs::remove(place / folder / native));
    CHECK(place.run("tokenizer encode " + folder, "the iron Number 7\n\n").out == encoded);
    REQUIRE(place.run("import " + folder + " --out in-" + folder).code == 0);
    CHECK(fs::exists(place / ("in-" + folder) / native));
    CHECK(place.run("tokenizer encode in-" + folder, "the iron Number 7\n\n").out == encoded);
    place.write(folder + "/tokenizer.json", R"({"model": {"type": "WordLevel"}, "post_processor": null})");
    const Outcome refused = place.run("import " + folder + " --out other");
    CHECK(refused.code == 2);
    CHECK(contains(refused.error, "tokenizer.json: "));
  }
}

TEST_CASE(
    "a model as pytorch_model.bin, in one file or in shards, is the model: at import and where folders are opened") {
  const Folder place;
  const std::string evaluated = place.run("eval hf --data train.csv --quiet --json").out;
  REQUIRE(place.imported().code == 0);
  const std::string weights = test::text_of_file(place / "m/model.safetensors");
  const auto same = [&] {
    const Outcome outcome = place.imported();
    INFO(outcome.error);
    CHECK(outcome.code == 0);
    CHECK(test::text_of_file(place / "m/model.safetensors") == weights);
    const auto told = [](const std::string& json) {  // what is no time of day or of work
      Json object = Json::parse(json);
      for (const char* key : {"cpu_seconds", "wall_seconds", "tokens_per_second", "peak_memory_bytes"})
        object.erase(key);
      return object;
    };
    CHECK(told(place.run("eval hf --data train.csv --quiet --json").out) == told(evaluated));
  };
  {
    const engine::Safetensors file(place / "hf/model.safetensors");
    const std::span<const engine::SafetensorsEntry> all = file.entries();
    place.write("hf/pytorch_model.bin", test::torch_file_of(all));
    Json map;
    for (std::size_t i = 0; i < all.size(); ++i) map[all[i].name] = i < 7 ? "a.bin" : "b.bin";
    place.write("hf/a.bin", test::torch_file_of(all.first(7)));
    place.write("hf/b.bin", test::torch_file_of(all.subspan(7)));
    place.write("hf/pytorch_model.bin.index.json", Json{{"weight_map", map}}.dump());
  }
  fs::remove(place / "hf/model.safetensors");
  same();
  CHECK(place.run("quantize hf --data train.csv --width 8 --batch 64 --out q --quiet").code == 0);
  fs::remove(place / "hf/pytorch_model.bin");
  same();
  CHECK(place.run("search mixed hf --data train.csv --trials 1 --report-texts 20 --out mixed --quiet").code == 0);
}
