// Outputs of a model that others are compared with, kept in the cache.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "engine/base/files.h"
#include "engine/io/json.h"
#include "tests/support/program.h"

using namespace ingot;
namespace fs = std::filesystem;
using test::Workplace;

TEST_CASE(
    "eval --against computes the other model's outputs once, and again once model, texts or options have changed") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  REQUIRE(place.run(Workplace::train("--out other --seed 2")).code == 0);
  REQUIRE(place.run(Workplace::train("--out third --seed 3")).code == 0);
  const auto noise = [&](const std::string& against) {
    const test::Outcome outcome = place.run("eval run --data train.csv --json --quiet --against " + against);
    REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
    return engine::Json::parse(outcome.out)["against"]["output_noise"].get<double>();
  };
  std::set<fs::path> known;
  const auto new_entries = [&] {
    std::vector<fs::path> added;
    for (const fs::directory_entry& entry : fs::directory_iterator(place / "cache/ingot"))
      if (entry.path().filename().string().starts_with("outputs-") && known.insert(entry.path()).second)
        added.push_back(entry.path());
    return added;
  };
  const double of_other = noise("other");
  const std::vector<fs::path> entries = new_entries();
  REQUIRE(entries.size() == 1);
  const double of_third = noise("third");
  REQUIRE(of_third != of_other);
  const std::vector<fs::path> thirds = new_entries();
  REQUIRE(thirds.size() == 1);
  CHECK(noise("other") == of_other);
  CHECK(new_entries().empty());
  // It is the entry that is believed, not computed again.
  const std::string whole = engine::read_file(entries[0]);
  fs::copy_file(thirds[0], entries[0], fs::copy_options::overwrite_existing);
  CHECK(noise("other") == of_third);
  // Unless it is damaged: cut off, or with another number in it.
  std::string flipped = whole;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  const std::string damages[] = {whole.substr(0, whole.size() - 4), flipped, "no entry"};
  for (const std::string& damaged : damages) {
    engine::write_file(entries[0], damaged);
    CHECK(noise("other") == of_other);
    CHECK(engine::read_file(entries[0]) == whole);
  }
  for (const char* options : {" --length 5", " --batch 7"}) {
    noise(std::string("other") + options);
    CHECK(new_entries().size() == 1);
  }
  place.write("fewer.csv", "text,label\nthe iron,metal\nthe plum,fruit\n");
  REQUIRE(place.run("eval run --data fewer.csv --against other").code == 0);
  CHECK(new_entries().size() == 1);
  place.write("other/best/notes.txt", "what is not of the model");
  CHECK(noise("other") == of_other);
  CHECK(new_entries().empty());
  fs::copy_file(place / "third/best/model.safetensors", place / "other/best/model.safetensors",
                fs::copy_options::overwrite_existing);
  CHECK(noise("other") == of_third);
  CHECK(new_entries().empty());  // it has become the third, whose outputs are known
}
