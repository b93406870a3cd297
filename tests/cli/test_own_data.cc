// The first minutes with data of one's own: small tables, other names, validation files, texts seen before.
#include <doctest/doctest.h>

#include "engine/base/error.h"
#include "engine/io/json.h"
#include "pipeline/label_map.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using pipeline::map_labels;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

// A run of an instant; --tokenizer is learned.
std::string train(const std::string& more) {
  return "train --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --positions 16 --out run " + more;
}

Outcome trained(const Workplace& place, const std::string& more) {
  const Outcome outcome = place.run(train(more));
  INFO(more, ": ", outcome.error);
  CHECK(outcome.code == 0);
  return outcome;
}

engine::Json evaluated(const Workplace& place, const std::string& words) {
  const Outcome outcome = place.run("eval run --json " + words);
  INFO(words, ": ", outcome.error);
  REQUIRE(outcome.code == 0);
  return engine::Json::parse(outcome.out);
}

}  // namespace

TEST_CASE("answers of a corpus are put into the order of a model that names them otherwise") {
  using data::Answers;
  const std::vector<std::uint64_t> offsets{0, 2, 3};
  const std::vector<std::int32_t> ids{7, 8, 9}, labels{0, 1}, tags{1, bert::kInnerToken, 0};
  const std::vector<float> numbers{1, 2, 3, 4};
  const std::vector<std::string> data{"a", "b"}, model{"c", "b", "a"}, two{"b", "a"};
  const auto numbers_of = [](const pipeline::RenumberedPart& made) {
    return std::vector<float>(made.part().numbers.begin(), made.part().numbers.end());
  };
  const bert::TokenPart part{.offsets = offsets, .ids = ids, .labels = labels, .numbers = numbers, .tags = tags};
  const pipeline::RenumberedPart all(part, Answers::labels, data, model);
  CHECK(std::vector<std::int32_t>(all.part().labels.begin(), all.part().labels.end()) == std::vector{2, 1});
  CHECK(std::vector<std::int32_t>(all.part().tags.begin(), all.part().tags.end()) ==
        std::vector{1, bert::kInnerToken, 2});
  CHECK(numbers_of(all) == std::vector<float>{0, 2, 1, 0, 4, 3});  // of a label that the data lacks: no
  CHECK(numbers_of(pipeline::RenumberedPart(part, Answers::numbers, data, two)) == std::vector<float>{2, 1, 4, 3});
  CHECK(contains(test::error_text([&] { pipeline::RenumberedPart(part, Answers::numbers, data, model); }),
                 "labels: the model learned 3 numbers (c, b, a), the data has 2"));
  const std::vector<float> single{5, 6};
  const bert::TokenPart one{.offsets = offsets, .ids = ids, .labels = labels, .numbers = single};
  CHECK(numbers_of(pipeline::RenumberedPart(one, Answers::numbers, {"stars"}, {"score"})) == single);
}

TEST_CASE("tables of two rows and more are trained on with the defaults") {
  for (const int n : {2, 3, 10, 100}) {
    const Workplace place;
    std::string table = "text,label\n";
    for (int i = 0; i < n; ++i) table += fmt::format("this is row {},{}\n", i * 7919 % 1000, i % 2);
    place.write("own.csv", table);
    const Outcome outcome = trained(place, "--data own.csv");
    CHECK(contains(outcome.error, "all that these texts hold"));
    CHECK(place.run("eval run --data own.csv").code == 0);
    CHECK(place.run("predict run 'this is row 3'").code == 0);
  }
}

TEST_CASE("tables without rows, with one and with one label get a sentence") {
  const Workplace place;
  place.write("none.csv", "text,label\n");
  place.write("one.csv", "text,label\na,1\n");
  place.write("same.csv", "text,label\na b,1\nc d,1\n");
  const std::pair<const char*, const char*> cases[] = {{"none.csv", "none.csv: must hold at least one text, got none"},
                                                       {"one.csv", "at least two labels, found 1"},
                                                       {"same.csv", "at least two labels, found 1"}};
  for (const auto& [name, message] : cases) {
    const Outcome outcome = place.run(train(std::string("--data ") + name));
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.error, message));
  }
}

TEST_CASE("pieces that the texts do not hold are an error of --pieces, which names how many there are") {
  const Workplace place;
  const Outcome outcome = place.run(train("--data train.csv --pieces 8000"));
  CHECK(outcome.code == 2);
  const std::string mark = "ingot: --pieces: must be at most ";
  const std::size_t at = outcome.error.find(mark);
  REQUIRE(at != std::string::npos);
  const std::string most = std::to_string(std::stoi(outcome.error.substr(at + mark.size())));
  trained(place, "--data train.csv --pieces " + most);
}

TEST_CASE("columns are named by options of every command, and notes say what is used") {
  const Workplace place;
  std::string table = "id,words,mood\n";
  for (int i = 0; i < 40; ++i)
    table += fmt::format("{},the {} here,{}\n", i, i % 2 ? "plum" : "iron", i % 2 ? "up" : "down");
  place.write("own.csv", table);
  const std::string reading = "--data own.csv --text words --label mood ";
  const Outcome outcome = trained(place, "--tokenizer vocab.txt " + reading);
  CHECK(contains(outcome.error, "note: own.csv: texts are column words, labels column mood; not used: id\n"));
  CHECK(!contains(trained(place, "--out quiet --quiet --tokenizer vocab.txt " + reading).error, "note"));
  CHECK(evaluated(place, reading)["examples"] == 40);
  CHECK(place.run("quantize run --out q --qat-epochs 0 " + reading).code == 0);
  CHECK(place.run("prune run --out p --epochs 0 " + reading).code == 0);
  CHECK(place.run("tokenizer train --out tok.model " + reading).code == 0);
  CHECK(
      place.run("pretrain --layers 1 --hidden 16 --heads 2 --ffn 16 --tokenizer vocab.txt --out mlm " + reading).code ==
      0);
  const Outcome wrong = place.run("eval run --data own.csv --text absent");
  CHECK(wrong.code == 2);
  CHECK(contains(wrong.error, "--text absent: no column has that name; the columns are id, words, mood"));
}

TEST_CASE("a validation file chooses the best epoch, and nothing is held out") {
  const Workplace place;
  place.write("own/train.csv", test::text_of_file(place / "train.csv"));
  place.write("own/dev.csv", "text,label\nthe iron,metal\nthe plum,fruit\nthe cherry,fruit\n");
  const Outcome outcome = trained(place, "--data own --tokenizer vocab.txt");
  CHECK(contains(outcome.error, "note: the 3 validation texts of the data choose the best epoch; none are held out"));
  CHECK(contains(outcome.out, "validation accuracy"));
  const engine::Json result = engine::Json::parse(test::text_of_file(place / "run/result.json"));
  CHECK(result["examples"] == 3);
  CHECK(evaluated(place, "--data own --part validation")["texts_validated_on"] == 3);
  CHECK(evaluated(place, "--data own --part train")["texts_trained_on"] == 120);
  const Outcome both = place.run(train("--data own --tokenizer vocab.txt --out other --validation 5"));
  CHECK(both.code == 2);
  CHECK(contains(both.error, "--validation: own has 3 validation texts of its own; none can be held out"));
}

TEST_CASE("parts are files of their own, found again by config.toml") {
  const Workplace place;
  place.write("dev.tsv", "text\tlabel\nthe iron\tmetal\nthe plum\tfruit\nthe cherry\tfruit\n");
  place.write("new.jsonl",
              "{\"text\": \"the steel\", \"label\": \"metal\"}\n{\"text\": \"a plum\", \"label\": \"fruit\"}\n");
  const std::string files = "--train train.csv --validation dev.tsv --test new.jsonl ";
  const Outcome outcome = trained(place, files + "--tokenizer vocab.txt --epochs 2 --batch 8");
  CHECK(contains(outcome.error, "note: the 3 validation texts of the data choose the best epoch; none are held out"));
  const engine::Json result = engine::Json::parse(test::text_of_file(place / "run/result.json"));
  CHECK(result["examples"] == 2);
  CHECK(result["evaluated_on"] == "test");
  CHECK(result["options"]["validation"] == "dev.tsv");
  const std::string config = test::text_of_file(place / "run/config.toml");
  for (const char* line : {"train = \"train.csv\"\n", "validation = \"dev.tsv\"\n", "test = \"new.jsonl\"\n"})
    CHECK(contains(config, line));
  CHECK(place.run("train --config run/config.toml --out run --resume").code == 0);
  const Outcome again = place.run("train --config run/config.toml --out again");
  CHECK(again.code == 0);
  CHECK(test::text_of_file(place / "again/best/model.safetensors") ==
        test::text_of_file(place / "run/best/model.safetensors"));
  CHECK(evaluated(place, files)["examples"] == 2);
  CHECK(evaluated(place, files + "--part validation")["texts_validated_on"] == 3);
  CHECK(place.run("quantize run --qat-epochs 0 --out q " + files).code == 0);
  CHECK(place.run("prune run --epochs 0 --out p " + files).code == 0);
  CHECK(place.run("baseline " + files).code == 0);
  CHECK(place.run("tokenizer train --out tok.model " + files).code == 0);
  CHECK(place.run("search mixed run --trials 1 --out mixed " + files).code == 0);
  CHECK(place.run("pretrain --layers 1 --hidden 16 --heads 2 --ffn 16 --tokenizer vocab.txt --out mlm " + files).code ==
        0);
}

TEST_CASE("a training file alone is what --data with it is") {
  const Workplace place;
  const auto weights = [&](const std::string& more) {
    trained(place, "--tokenizer vocab.txt --validation 20 " + more);
    return test::text_of_file(place / "run/best/model.safetensors");
  };
  const std::string expected = weights("--data train.csv");
  fs::remove_all(place / "run");
  CHECK(weights("--train train.csv") == expected);
  CHECK(trained(place, "--tokenizer vocab.txt --validation 20 --data train.csv --resume").code == 0);
}

TEST_CASE("a journal and a state go on where a part lies somewhere else") {
  const Workplace place;
  place.write("dev.csv", "text,label\nthe iron,metal\nthe plum,fruit\n");
  trained(place, "--train train.csv --validation dev.csv --tokenizer vocab.txt");
  CHECK(place.run("search mixed run --trials 1 --out mixed --train train.csv --validation dev.csv").code == 0);
  fs::rename(place / "dev.csv", place / "moved.csv");
  trained(place, "--train train.csv --validation moved.csv --tokenizer vocab.txt --resume");
  const std::string moved = "search mixed run --trials 2 --out mixed --resume --train train.csv --validation moved.csv";
  CHECK(place.run(moved).code == 0);
  place.write("moved.csv", "text,label\nthe iron,metal\nthe apple,fruit\n");
  CHECK(place.run(moved).code == 2);
}

TEST_CASE("parts that cannot be used are refused before any work") {
  const Workplace place;
  place.write("dev.csv", "text,label\nthe iron,metal\n");
  place.write("new.csv", "text,label\nthe iron,metal\nthe stone,mineral\n");
  place.write("other.csv", "words,mood\na,b\n");
  place.write("list.txt", "the iron\n");
  const std::pair<const char*, const char*> cases[] = {
      {"", "--data is required, or --train FILE"},
      {"--validation dev.csv",
       "--validation: a file is a part beside --train FILE, which says what there is to learn, "
       "got 'dev.csv'"},
      {"--test dev.csv", "--test: a file is a part beside --train FILE, which says what there is to learn"},
      {"--data train.csv --train train.csv", "--train: is the training part of the data; --data train.csv has its own"},
      {"--data train.csv --validation dev.csv", "not beside --data, which has its own parts, got 'dev.csv'"},
      {"--data train.csv --validation 2O", "not beside --data, which has its own parts, got '2O'"},
      {"--train none.csv", "no file or folder 'none.csv'"},
      {"--train train.csv --test none.csv", "no file or folder 'none.csv'"},
      {"--train train.csv --test other.csv", "other.csv: line 1: "},
      {"--train train.csv --test list.txt", "list.txt: must be a table with labels, is a list of texts"},
      {"--train train.csv --test vocab.md", "no file or folder 'vocab.md'"},
      {"--train train.csv --test cache", "cache: a part must be a .csv, .tsv, .jsonl, .json or .conll file, each also"},
      {"--train train.csv --validation 99999999999999999999", "--validation: is beyond all numbers"},
      {"--train train.csv --validation dev.csv --test new.csv",
       "new.csv: line 3: a label must be one of the 2 of the training part, got 'mineral'"}};
  fs::create_directories(place / "cache");
  for (const auto& [words, message] : cases) {
    const Outcome outcome = place.run(train("--tokenizer vocab.txt " + std::string(words)));
    CAPTURE(words);
    CHECK(outcome.code == 2);
    INFO(outcome.error);
    CHECK(contains(outcome.error, message));
    CHECK(!fs::exists(place / "run/best"));
  }
}

TEST_CASE("eval says how many texts the model was trained on, also when they come in another file") {
  const Workplace place;
  trained(place, "--data train.csv --tokenizer vocab.txt --validation 20");
  const Outcome outcome = place.run("eval run --data train.csv");
  CHECK(contains(
      outcome.error,
      "note: 100 of these 120 texts were in the training data of the model: this is no measure of new texts\n"));
  CHECK(contains(outcome.error, "note: 20 of these 120 texts chose the best epoch of the model\n"));
  const engine::Json all = evaluated(place, "--data train.csv");
  CHECK(all["texts_trained_on"] == 100);
  CHECK(all["texts_validated_on"] == 20);
  place.write(
      "new.jsonl",
      "{\"text\":\"The IRON  number 0 is small here\",\"label\":\"metal\"}\n"
      "{\"text\":\"the iron number\",\"label\":\"metal\"}\n{\"text\":\"here the plum is\",\"label\":\"fruit\"}\n");
  CHECK(evaluated(place, "--data new.jsonl")["texts_trained_on"].get<int>() +
            evaluated(place, "--data new.jsonl")["texts_validated_on"].get<int>() ==
        1);
  // What came of the model has seen what the model saw.
  REQUIRE(place.run("quantize run --data train.csv --qat-epochs 0 --out q --quiet").code == 0);
  CHECK(engine::Json::parse(place.run("eval q --data train.csv --json").out)["texts_trained_on"] == 100);
  REQUIRE(place.run("train --from run --data new.jsonl --length 0 --out more --batch 2 --quiet").code == 0);
  CHECK(engine::Json::parse(place.run("eval more --data train.csv --json").out)["texts_trained_on"].get<int>() >= 100);
}

TEST_CASE("labels of the data are matched with the model's names, or their order, and a note says so") {
  using Numbers = std::vector<std::int32_t>;
  CHECK(map_labels({"b", "a"}, {"a", "b", "c"}).numbers == Numbers{1, 0});
  CHECK(map_labels({"a"}, {"a", "b"}).note.empty());
  CHECK(map_labels({"0", "1"}, {"LABEL_0", "LABEL_1"}).numbers == Numbers{0, 1});
  CHECK(map_labels({"0", "1"}, {"LABEL_0", "LABEL_1"}).note ==
        "labels of the data and the model's: 0 is LABEL_0, 1 is LABEL_1");
  CHECK(map_labels({"LABEL_1", "LABEL_2"}, {"0", "1", "2"}).numbers == Numbers{1, 2});
  CHECK(map_labels({"Good ", "BAD"}, {"bad", "good"}).numbers == Numbers{1, 0});
  CHECK(map_labels({"0", "1"}, {"neg", "pos"}).numbers == Numbers{0, 1});
  CHECK(map_labels({"1"}, {"neg", "pos"}).note ==
        "labels of the data are taken as places in the model's order: 1 is pos");
  const auto fault = [](const std::vector<std::string>& data, const std::vector<std::string>& model) {
    return test::error_text([&] { map_labels(data, model); });
  };
  CHECK(fault({"1", "2"}, {"neg", "pos"}) == "label '1' of the data is not among the 2 labels of the model (neg, pos)");
  CHECK(fault({"0", "1"}, {"1", "2"}) == "label '0' of the data is not among the 2 labels of the model (1, 2)");
  CHECK(!fault({"0", "pos"}, {"neg", "pos"}).empty());
  CHECK(!fault({"A", "a"}, {"a", "b"}).empty());
  CHECK(!fault({"x"}, {"X", "X "}).empty());
  CHECK(fault({"LABEL_0", "LABEL_1"}, {"-1", "0", "1"}) ==
        "label 'LABEL_0' of the data must be place 0 of the model's labels (-1, 0, 1), where the label 0 is place 1: "
        "give the data the model's own labels");
  CHECK(!fault({"label_2"}, {"1", "2"}).empty());
  CHECK(map_labels({"0", "1"}, {"LABEL_1", "LABEL_0"}).numbers == Numbers{1, 0});

  CHECK(map_labels({"FALSE", "True"}, {"0", "1"}).numbers == Numbers{0, 1});
  CHECK(map_labels({"yes", "no"}, {"0", "1"}).note == "labels of the data and the model's: yes is 1, no is 0");
  CHECK(map_labels({"0", "1"}, {"false", "true"}).numbers == Numbers{0, 1});
  CHECK(!fault({"yes"}, {"false", "true"}).empty());
  CHECK(!fault({"true"}, {"0", "1", "2"}).empty());
  CHECK(fault({"0", "1"}, {"true", "false"}) ==
        "labels of the data (0, 1) are other labels of the model (true, false) as places in its order than as "
        "booleans: give the data the model's own labels");

  const Workplace place;
  trained(place, "--data train.csv --tokenizer vocab.txt");
  place.write("numbers.csv", "text,label\nthe plum,0\nthe iron,1\nthe steel,1\n");
  const Outcome numbers = place.run("eval run --data numbers.csv");
  CHECK(numbers.code == 0);
  CHECK(contains(numbers.error,
                 "note: labels of the data are taken as places in the model's order: 0 is fruit, 1 is metal"));
  CHECK(place.run("prune run --data numbers.csv --epochs 1 --out p").code == 0);
  place.write("one.csv", "text,label\nthe iron,metal\n");
  CHECK(evaluated(place, "--data one.csv")["examples"] == 1);
}
