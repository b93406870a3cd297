// Standard output: one JSON object when asked for, and never half of what was to be said without a word about it.
#include <doctest/doctest.h>

#include "engine/io/json.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

TEST_CASE("with --json standard output is one object that names its command, from every command") {
  const Workplace place;
  const auto check = [&](const std::string& command, const std::string& words, const std::string& input = "") {
    const Outcome outcome = place.run(words + " --json", input);
    REQUIRE_MESSAGE(outcome.code == 0, words, ": ", outcome.error);
    const Json object = engine::parse_json_or_null(outcome.out);
    REQUIRE_MESSAGE(object.is_object(), words, ": ", outcome.out);
    CHECK(object["command"] == command);
    CHECK(object.contains("build"));
    return object;
  };
  check("train", "tokenizer train --data train.csv --pieces 40 --out tok.model");
  CHECK(check("encode", "tokenizer encode vocab.txt", "small\n\nplum\n")["texts"].size() == 3);
  check("encode", "tokenizer encode vocab.txt");
  check("train", Workplace::train("--out run"));
  check("pretrain",
        "pretrain --data train.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 "
        "--epochs 1 --out mlm");
  check("eval", "eval run --data train.csv");
  check("baseline", "baseline --data train.csv");
  CHECK(check("predict", "predict run iron plum")["predictions"].size() == 2);
  CHECK(check("predict", "predict run")["predictions"].empty());
  CHECK(check("lab", "lab 1.1 --data train.csv --from run --rows float --out lab")["rows"][0]["state"] == "done");
  check("export", "export run out");
  check("import", "import out --out in");
}

TEST_CASE("output that cannot be written is an error, and closed streams harm no file") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  for (const std::string words : {"predict run iron", "predict run iron --json", "eval run --data train.csv --quiet",
                                  "tokenizer encode vocab.txt"}) {
    for (const std::string target : {"/dev/full", "&-"}) {
      INFO(words, " >", target);
      const Outcome outcome = place.run(words, "iron\n", "to() { \"$@\" >" + target + "; }; to env");
      CHECK(outcome.code == 1);
      CHECK(outcome.error == "ingot: standard output: cannot write\n");
    }
  }
  // The first file that is opened must not take the place of a closed stream.
  const std::string weights = test::text_of_file(place / "run/last/model.safetensors");
  CHECK(place.run(Workplace::train("--out closed"), "", "to() { \"$@\" >&- 2>&-; }; to env").code == 1);
  CHECK(test::text_of_file(place / "closed/last/model.safetensors") == weights);
  for (const char* file : {"metrics.jsonl", "config.toml"})
    CHECK(test::text_of_file(place / ("closed/" + std::string(file))).find("accuracy 1") == std::string::npos);
  CHECK(place.run(Workplace::train("--out unheard"), "", "to() { \"$@\" 2>/dev/full; }; to env").code == 0);
}

TEST_CASE("names of folders need not be UTF-8 or look like text") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--epochs 1 --out $(printf \"bad\\xff\")")).code == 0);
  REQUIRE(place.run(Workplace::train("--epochs 1 --out 1e3 --seed 18446744073709551615 --json")).code == 0);
  const Json result = Json::parse(test::text_of_file(place / "1e3/result.json"));
  CHECK(result["options"]["out"] == "1e3");
  CHECK(result["seed"] == 18446744073709551615u);
  place.write("again.toml", test::text_of_file(place / "1e3/config.toml"));
  REQUIRE(place.run("train --config again.toml --out again --quiet").code == 0);
  CHECK(test::text_of_file(place / "again/last/model.safetensors") ==
        test::text_of_file(place / "1e3/last/model.safetensors"));
}

TEST_CASE("help and version that cannot be written are a failure, and a zero byte cuts no message") {
  const Workplace place;
  for (const char* words : {"--help", "--version", "train --help", "help"})
    CHECK(place.run(words, "", "to() { \"$@\" >/dev/full; }; to env").code == 1);
  place.write("zero.toml", "name = \"a\\u0000b\"\ninput = \"fixed(8,3)\"\n");
  const Outcome outcome = place.run("emit zero.toml --out rtl");
  CHECK(outcome.code == 2);
  CHECK(outcome.error.find("a\\x00b") != std::string::npos);
  CHECK(outcome.error.ends_with("\n"));
  place.write("long.toml", "name = \"" + std::string(100'000, 'a') + "\"\ninput = \"fixed(8,3)\"\n");
  CHECK(place.run("emit long.toml --out rtl").error.size() < 3000);
  CHECK(place.run("cache x").error == "ingot: cache: takes fewer arguments; `ingot help cache` says which\n");
}
