#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "data/glosses.h"
#include "engine/base/error.h"
#include "tests/data/support.h"

using namespace ingot::data;
using ingot::engine::Error;

namespace {

std::string line(int offset, int file_number, const std::string& gloss) {
  return fmt::format("{:08} {:02} n 01 word 0 001 @ 00001740 n 0000 | {}  \n", offset, file_number, gloss);
}

std::vector<Example> all(const Corpus& corpus) {
  std::vector<Example> examples = corpus.train;
  examples.insert(examples.end(), corpus.test.begin(), corpus.test.end());
  return examples;
}

}  // namespace

TEST_CASE("a gloss is labelled with its lexicographer file") {
  const Corpus corpus = parse_glosses(
      "  1 licence  \n  2 | more licence  \n" + line(1740, 3, "an | entity; \"a thing\"") + line(1930, 28, "a time"),
      "data.noun");
  REQUIRE(corpus.label_names.size() == 26);
  CHECK(corpus.label_names.front() == "noun.Tops");
  CHECK(corpus.label_names.back() == "noun.time");
  CHECK(std::is_sorted(corpus.label_names.begin(), corpus.label_names.end()));
  for (const Example& example : all(corpus)) {
    CHECK(example == (example.label == 0 ? Example{"an | entity; \"a thing\"", 0} : Example{"a time", 25}));
  }
  CHECK(all(corpus).size() == 2);
}

TEST_CASE("equal glosses are on the same side of the split") {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += line(100 * i, 3 + i % 26, i % 2 == 0 ? "the same" : std::to_string(i));
  const Corpus corpus = parse_glosses(bytes, "data.noun");
  CHECK(all(corpus).size() == 1000);
  std::set<std::string> trained;
  for (const Example& example : corpus.train) trained.insert(example.text);
  for (const Example& example : corpus.test) CHECK_FALSE(trained.contains(example.text));
  CHECK(!corpus.test.empty());
}

TEST_CASE("a malformed gloss is an error that names the line") {
  const std::string good = line(1740, 3, "an entity");
  for (const std::string wrong : {"", "00001740", "00001740 03 v 01 x | a gloss", "0000174x 03 n 01 x | a gloss",
                                  "00001740 03 n 01 x 0 000", "00001740 x3 n 01 x | a gloss", "00001740 03 n | "}) {
    CHECK_THROWS_WITH_AS(parse_glosses(good + wrong + "\n" + good, "data.noun"),
                         doctest::Contains("data.noun: line 2: "), Error);
  }
  CHECK_THROWS_WITH_AS(parse_glosses(line(1, 29, "x"), "data.noun"),
                       "data.noun: line 1: lex_filenum of a noun must be 03 to 28, got 29", Error);
  CHECK_THROWS_WITH_AS(parse_glosses(line(1, 2, "x"), "data.noun"), doctest::Contains("got 02"), Error);
  CHECK_THROWS_WITH_AS(parse_glosses("", "data.noun"), "data.noun: must hold glosses, got none", Error);
}

TEST_CASE("the glosses of WordNet 3.0 are 82,115 in 26 categories") {
  if (!std::filesystem::exists("/usr/share/wordnet/data.noun")) {
    CHECK_THROWS_WITH_AS(open_source("glosses"), doctest::Contains("install the Debian package wordnet-base"), Error);
    MESSAGE("skipped: the Debian package wordnet-base is not installed");
    return;
  }
  const Corpus corpus = open_source("glosses")->read();
  CHECK(corpus.train.size() + corpus.test.size() == 82115);
  CHECK(corpus.test.size() > 82115 * 0.095);
  CHECK(corpus.test.size() < 82115 * 0.105);
  std::vector<int> counts(26);
  for (const Example& example : all(corpus)) ++counts[static_cast<std::size_t>(example.label)];
  // awk '!/^  /{print $2}' data.noun | sort | uniq -c
  CHECK(counts == std::vector<int>{51, 6650, 7509,  11587, 3039, 2016, 2964, 5607, 1074, 428, 2573, 2624, 3209,
                                   42, 1545, 11087, 641,   8030, 1061, 770,  1275, 437,  341, 3544, 2983, 1028});
  CHECK(all(corpus)[0].text ==
        "that which is perceived or known or inferred to have its own distinct existence (living or nonliving)");
}
