// ingot lab --seeds, with labs that are not run: what they would find is written by hand.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "labs/seeds.h"
#include "labs/typed.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using engine::Json;

const labs::Lab& named(const std::string& name) {
  for (const labs::Lab& lab : labs::kLabs) {
    if (lab.name == name) return lab;
  }
  FAIL(name);
  return labs::kLabs[0];
}

struct Seeds {
  std::vector<std::string> typed;
  Json result;
  std::string text, failure;
};

// Does the lab with three seeds. `accuracies` by seed; a seed that has none fails.
Seeds run_three(const std::string& lab, labs::LabOptions o, const std::map<std::string, double>& accuracies) {
  engine::set_quiet(true);
  Seeds seeds;
  const labs::RunCommand command = [&](const std::vector<std::string>& words) {
    seeds.typed.push_back(labs::command_line(words));
    const fs::path folder = words[words.size() - 2];  // before --quiet
    const std::string seed = folder.filename().string().substr(5);
    if (!accuracies.contains(seed)) throw engine::Failure("the disk is full");
    fs::create_directories(folder);
    const std::string later = seed == "1" ? R"({"name": "whole-4", "title": "4 bits", "state": "done",
        "series": "whole model, PTQ", "x": 4, "accuracy": 0.5, "flips": 0.25, "packed_bytes": 100})"
                                          : R"({"name": "whole-4", "title": "4 bits", "state": "open"})";
    engine::write_file(folder / "result.json",
                       fmt::format(R"({{"command": "lab", "lab": "1.1", "seed": {0}, "recipe": {{}},
        "options": {{"data": "x.csv", "seed": {0}}}, "rows": [{{"name": "float", "title": "float32", "state": "done",
        "series": "float32", "accuracy": {1}, "packed_bytes": 1{0}0, "seed": {0}}}, {2}]}})",
                                   seed, accuracies.at(seed), later));
    return 0;
  };
  try {
    labs::run_seeds(named(lab), o,
                    {.command = "lab",
                     .options = {{"seed", 1}, {"seeds", 3}, {"trials", 4}},
                     .seed = 1,
                     .given = {"--seed", "--seeds", "--trials"}},
                    {.run_command = command, .quiet = true}, [&](const Json& result, const std::string& text) {
                      seeds.result = result;
                      seeds.text = text;
                    });
  } catch (const engine::Failure& failure) {
    seeds.failure = failure.what();
  }
  return seeds;
}

labs::LabOptions options(const test::TemporaryFolder& place) {
  labs::LabOptions o;
  o.out = (place / "lab").string();
  o.seeds = 3;
  return o;
}

}  // namespace

TEST_CASE("a lab with several seeds is the lab of each, and a table of means with their standard errors") {
  const test::TemporaryFolder place;
  const Seeds seeds = run_three("1.1", options(place), {{"1", 0.80}, {"2", 0.84}, {"3", 0.88}});
  CHECK(seeds.failure.empty());
  REQUIRE(seeds.typed.size() == 3);
  CHECK(seeds.typed[1] ==
        fmt::format("ingot lab 1.1 --trials=4 --seed 2 --out {}/seed-2 --quiet", (place / "lab").string()));
  const Json& row = seeds.result["rows"][0];
  CHECK(row["state"] == "done");
  CHECK(row["accuracy"].get<double>() == doctest::Approx(0.84));
  CHECK(row["accuracy_error"].get<double>() == doctest::Approx(0.04 / std::sqrt(3)));  // deviation 0.04, of n - 1
  CHECK(row["packed_bytes"] == 120);
  CHECK(seeds.result["rows"][1]["state"] == "open");  // of one seed alone
  CHECK(seeds.result["rows"][1]["seeds"] == 1);
  const std::string table = engine::read_file(place / "lab/table.md");
  CHECK(test::contains(table, "| float32 | 3 | 0.8400 \u00b1 0.0231 |"));
  CHECK(test::contains(table, "| 4 bits | 1 | 0.5000 | 25.00% |"));
  CHECK(test::contains(engine::read_file(place / "lab/figure.csv"), "float32,0,0.84"));
}

TEST_CASE("a seed that fails is named, and the means are those of the others") {
  const test::TemporaryFolder place;
  const Seeds seeds = run_three("1.1", options(place), {{"1", 0.80}, {"3", 0.88}});
  CHECK(test::contains(seeds.failure, "not every seed worked; the first: seed 2: failed: the disk is full"));
  CHECK(seeds.result["rows"][0]["accuracy"].get<double>() == doctest::Approx(0.84));
  CHECK(seeds.result["rows"][0]["state"] == "open");
  CHECK(seeds.result["rows"][0]["seeds"] == 2);
}

TEST_CASE("seeds of a lab whose rows have several lie as far apart; labs without means and given models have none") {
  const test::TemporaryFolder place;
  CHECK(test::contains(run_three("2.1", options(place), {{"1", 0.8}, {"4", 0.8}, {"7", 0.8}}).typed[2], "--seed 7"));
  CHECK(test::contains(test::error_text([&] { run_three("4", options(place), {}); }), "--seeds: lab 4 measures"));
  labs::LabOptions o = options(place);
  o.from = "model";
  CHECK(test::contains(test::error_text([&] { run_three("1.1", o, {}); }), "--seeds: the model of --from has one"));
}

}  // namespace ingot
