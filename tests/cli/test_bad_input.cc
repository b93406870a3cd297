// Wrong use and wrong input: exit code 2, one sentence on standard error, nothing lost.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/io/safetensors.h"
#include "tests/support/program.h"

using namespace ingot;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

void check_refused(const Outcome& outcome, const std::string& part) {
  INFO("stderr: ", outcome.error);
  CHECK(outcome.code == 2);
  CHECK(outcome.error.find(part) != std::string::npos);
  CHECK(outcome.error.starts_with("ingot: "));
  CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
}

std::string short_train(const std::string& data) {
  return "train --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --batch 8 --quiet --out "
         "run --data " +
         data;
}

}  // namespace

TEST_CASE("wrong words are refused") {
  const Workplace place;
  check_refused(place.run(""), "needs a command: demo, tokenizer, ");
  check_refused(place.run("fly"), "no command 'fly'");
  check_refused(place.run("train --out run"), "--data is required");
  check_refused(place.run(short_train("train.csv --frobnicate 3")), "--frobnicate");
  check_refused(place.run(short_train("train.csv --epochs many")), "many");
  check_refused(place.run(short_train("train.csv --epochs 0")), "0");
  check_refused(place.run(short_train("train.csv --model huge")), "huge");
  check_refused(place.run(short_train("train.csv --schedule step")), "linear, cosine or constant, got 'step'");
  check_refused(place.run(short_train("train.csv --lr -1")), "--lr");
  check_refused(place.run(short_train("train.csv --lr inf")), "--lr: must be above 0, got inf");
  check_refused(place.run(short_train("train.csv --seed -1")), "--seed: must be at least 0, got -1");
  check_refused(place.run(short_train("train.csv --length 600")), "600 is above the 512 positions");
  check_refused(place.run(short_train("train.csv"), "", "INGOT_ISA=bogus"),
                "must be ref, avx2, avxvnni, avx512, avx512vnni, avx512bf16 or amx, got 'bogus'");
  check_refused(place.run(short_train("train.csv --heads 3")), "3");
  check_refused(place.run(short_train("train.csv --config absent.toml")), "absent.toml");
  place.write("bad.toml", "lr = = 3\n");
  check_refused(place.run(short_train("train.csv --config bad.toml")), "bad.toml: line 1: not TOML");
  place.write("nested.toml", "config = \"bad.toml\"\n");
  check_refused(place.run(short_train("train.csv --config nested.toml")), "cannot name another file");
  place.write("unknown.toml", "frobnicate = 1\n");
  check_refused(place.run(short_train("train.csv --config unknown.toml")),
                "unknown.toml: train has no option frobnicate");
  check_refused(place.run(short_train("train.csv --config unknown.toml --config bad.toml")), "must be given once");
  CHECK_FALSE(fs::exists(place / "run"));
}

TEST_CASE("missing and broken data is refused with its place") {
  const Workplace place;
  check_refused(place.run(short_train("absent.tar.gz")), "absent.tar.gz");
  place.write("broken.tar.gz", "\x1f\x8b\x08 this is no archive");
  check_refused(place.run(short_train("broken.tar.gz")), "broken.tar.gz");
  fs::create_directories(place / "empty");
  check_refused(place.run(short_train("empty")), "empty");
  place.write("row.csv", "text,label\na,x\nb\n");
  check_refused(place.run(short_train("row.csv")), "3");
  place.write("utf8.csv", "text,label\na,x\n\xff\xfe,y\n");
  check_refused(place.run(short_train("utf8.csv")), "UTF-8");
  place.write("one.csv", "text,label\na,x\nb,x\n");
  check_refused(place.run(short_train("one.csv")), "at least two labels");
  place.write("parts/train.csv", "text,label\na,x\nb,y\nc,x\n");
  place.write("parts/test.csv", "text,label\na,x\nb,z\n");
  check_refused(place.run(short_train("parts")), "test.csv: line 3: a label must be one of the 2");
  CHECK_FALSE(fs::exists(place / "run"));
}

TEST_CASE("a run's folder is not overwritten by accident") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const std::string before = test::text_of_file(place / "run/last/model.safetensors");
  const std::string options = test::text_of_file(place / "run/config.toml");
  check_refused(place.run(Workplace::train("--out run --seed 2")), "holds a run already");
  check_refused(place.run(Workplace::train("--out run --seed 2 --resume")),
                "other options or data: seed: saved 1, now 2");
  check_refused(place.run("export run run"), "holds a model or a run already");
  check_refused(place.run("import run/best --out run/last"), "holds a model or a run already");
  place.write("mine/glosses", "");
  place.write("mine/letter", "");
  check_refused(place.run("demo --out mine"), "holds letter, which is not of an earlier demo");
  CHECK(fs::exists(place / "mine/glosses"));
  CHECK(test::text_of_file(place / "run/config.toml") == options);
  CHECK(test::text_of_file(place / "run/last/model.safetensors") == before);
  check_refused(place.run(Workplace::train("--out train.csv")), "is a file");
}

TEST_CASE("a model and what it is given must fit") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  check_refused(place.run(short_train("train.csv --out other --positions 8")), "16 is above the 8 positions");
  check_refused(place.run("predict run --length -1 hello"), "--length: must be at least 0, got -1");
  check_refused(place.run("train --data train.csv --out other --from run --hidden 32"), "--from: comes with its sizes");
  check_refused(place.run("predict run --length 600 hello"), "600 is above the 512 positions");
  check_refused(place.run("predict absent hello"), "absent");
  place.write("other.csv", "text,label\niron,metal\noak,wood\n");
  check_refused(place.run("eval run --data other.csv --quiet"),
                "label 'wood' of the data is not among the 2 labels of the model");
  place.write("run/best/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
  check_refused(place.run("predict run hello"), "the vocabulary has 4 pieces, the model 17");
  place.write("run/best/config.json", "{\"model_type\": \"bert\", \"hidden_size\": -3}");
  check_refused(place.run("predict run hello"), "config.json");
}

TEST_CASE("a damaged checkpoint is refused") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const fs::path file = place / "run/best/model.safetensors";
  const std::string whole = test::text_of_file(file);
  place.write("run/best/model.safetensors", whole.substr(0, whole.size() - 4) + "\xff\xff\xff\xff");
  check_refused(place.run("predict run hello"), "values must be finite");
  place.write("run/best/model.safetensors", whole.substr(0, whole.size() / 2));
  check_refused(place.run("predict run hello"), "model.safetensors");
  fs::remove(file);
  check_refused(place.run("predict run hello"), "model.safetensors");
}

TEST_CASE("empty and enormous texts are predicted, the latter truncated with a word about it") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  std::string enormous;
  while (enormous.size() < 10'000'000) enormous += "the iron number is large ";
  const Outcome outcome = place.run("predict run", "\n" + enormous + "\n");
  CHECK(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 2);
  CHECK(outcome.error.find("1 of 2 texts are longer than 16 tokens and are truncated (head-tail)") !=
        std::string::npos);
  check_refused(place.run("predict run $'\\xff\\xff'"), "text 1: must be UTF-8");
}

TEST_CASE("a loss that is no number names its step, and the last good state can be resumed") {
  const Workplace place;
  const Outcome outcome = place.run(Workplace::train("--out run --lr 1e30 --warmup 0 --clip 0"));
  CHECK(outcome.code == 1);
  CHECK(outcome.error.find("at step ") != std::string::npos);
}

TEST_CASE("a full disk leaves the previous state, and says so") {
  const Workplace place;
  const Outcome outcome = place.run(Workplace::train("--out run"), "", "ulimit -f 4;");
  CHECK(outcome.code == 1);
  CHECK(outcome.error.find("cannot write") != std::string::npos);
}

TEST_CASE("trace refuses a batch that does not fit the model") {
  const Workplace place;
  const std::string model = std::string(INGOT_GOLDEN) + "/bert/sequence-classification";
  const auto batch = [&](std::vector<std::int64_t> ids, std::vector<std::int64_t> mask) {
    const auto n = static_cast<std::int64_t>(ids.size());
    const std::vector<engine::SafetensorsEntry> entries{
        {"input_ids", "I64", {1, n}, std::as_bytes(std::span(ids))},
        {"attention_mask", "I64", {1, n}, std::as_bytes(std::span(mask))}};
    engine::write_safetensors(place / "b.safetensors", entries);
    return place.run("trace " + model + " --batch b.safetensors --out t.safetensors");
  };
  CHECK(batch({1, 2}, {1, 1}).code == 0);
  check_refused(batch({1, 120}, {1, 1}), "120 is outside of [0, 120)");
  check_refused(batch({1, -100}, {1, 1}), "input_ids: -100 is outside of [0, 120)");
  check_refused(batch({1, 2}, {1, -100}), "attention_mask: -100 is outside of [0, 2)");
  check_refused(batch({1, 2}, {0, 0}), "sequence 0 has no token to attend to");
  check_refused(batch(std::vector<std::int64_t>(49, 1), std::vector<std::int64_t>(49, 1)),
                "length 49 is above the 48 positions");
  check_refused(place.run("trace " + model + " --batch absent --out t.safetensors"), "absent");
}
