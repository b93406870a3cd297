#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/gloss_kinds.h"
#include "data/gloss_pairs.h"
#include "data/gloss_tags.h"
#include "data/wordnet.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "tests/data/support.h"

using namespace ingot::data;
using ingot::engine::Error;

namespace {

bool has_wordnet(std::string_view word) {
  if (std::filesystem::exists("/usr/share/wordnet/data.noun")) return true;
  CHECK_THROWS_WITH_AS(open_source(std::string(word)), doctest::Contains("install the Debian package wordnet-base"),
                       Error);
  MESSAGE("skipped: the Debian package wordnet-base is not installed");
  return false;
}

// A line of a data file; pointers as "@ 00000100 n 0000".
std::string line(int offset, int file, const std::string& word, const std::vector<std::string>& pointers,
                 const std::string& gloss) {
  return fmt::format("{:08} {:02} n 01 {} 0 {:03} {}| {}  \n", offset, file, word, pointers.size(),
                     pointers.empty() ? "" : fmt::format("{} ", fmt::join(pointers, " ")), gloss);
}

std::string above(int offset, const char* symbol = "@") { return fmt::format("{} {:08} n 0000", symbol, offset); }

std::vector<Example> all(const Corpus& corpus) {
  std::vector<Example> examples = corpus.train;
  examples.insert(examples.end(), corpus.test.begin(), corpus.test.end());
  return examples;
}

std::set<std::string> texts_of(const std::vector<Example>& examples) {
  std::set<std::string> texts;
  for (const Example& example : examples) {
    texts.insert(example.text);
    if (!example.second.empty()) texts.insert(example.second);
  }
  return texts;
}

bool are_apart(const Corpus& corpus) {
  const std::set<std::string> train = texts_of(corpus.train), test = texts_of(corpus.test);
  return std::none_of(test.begin(), test.end(), [&](const std::string& text) { return train.contains(text); });
}

// "the dog/B-noun.animal barked": what is tagged, with words that are not (O) plain.
std::string tagged(const Corpus& corpus, const Example& example) {
  std::string text;
  std::size_t begin = 0;
  for (const Word& word : example.words) {
    const std::string& tag = corpus.label_names.at(static_cast<std::size_t>(word.tag));
    text += fmt::format("{}{}{}", begin == 0 ? "" : " ", example.text.substr(begin, word.end - begin),
                        tag == "O" ? "" : "/" + tag);
    begin = word.end + 1;
  }
  return text;
}

std::set<std::string> labels_of(const Corpus& corpus, const Example& example) {
  std::set<std::string> labels;
  for (std::size_t i = 0; i < example.numbers.size(); ++i) {
    if (example.numbers[i] != 0) labels.insert(corpus.label_names[i]);
  }
  return labels;
}

// The files of gloss-tags, of which those that are not given are nearly empty.
Corpus tags_of(const std::string& noun, const std::string& verb = "", const std::string& noun_exceptions = "",
               const std::string& verb_exceptions = "") {
  const std::string none = line(1, 0, "x", {}, "y");
  const std::vector<WordNetFile> files{{noun, "data.noun"},
                                       {verb.empty() ? none : verb, "data.verb"},
                                       {none, "data.adj"},
                                       {none, "data.adv"},
                                       {noun_exceptions, "noun.exc"},
                                       {verb_exceptions, "verb.exc"},
                                       {"", "adj.exc"},
                                       {"", "adv.exc"}};
  return parse_gloss_tags(files, Answers::tags);
}

std::vector<std::string> tagged_texts(const Corpus& corpus) {
  std::vector<std::string> texts;
  for (const Example& example : all(corpus)) texts.push_back(tagged(corpus, example));
  std::sort(texts.begin(), texts.end());
  return texts;
}

}  // namespace

TEST_CASE("a synonym set is read with its words, hypernyms and gloss") {
  const std::string bytes =
      "  1 licence\n"
      "02084071 05 n 03 dog 0 domestic_dog 0 afraid(p) f 004 @ 02083346 n 0000 @i 01317541 n 0000 #m 02083863 n 0000 "
      "~ 01322604 n 0000 | a | member; \"the dog\"  \n"
      "01740338 36 v 01 carry 8 001 $ 01203092 v 0000 01 + 11 00 | bear\n";
  const std::vector<Synset> synsets = parse_synsets(bytes, "data.noun");
  REQUIRE(synsets.size() == 2);
  CHECK(synsets[0].offset == 2084071);
  CHECK(kLexicographerFiles[synsets[0].file] == "noun.animal");
  CHECK(synsets[0].words == std::vector<std::string_view>{"dog", "domestic_dog", "afraid"});
  CHECK(synsets[0].hypernyms == std::vector<std::uint32_t>{2083346});
  CHECK(synsets[0].classes == std::vector<std::uint32_t>{1317541});
  CHECK(synsets[0].gloss == "a | member; \"the dog\"");
  CHECK(kLexicographerFiles[synsets[1].file] == "verb.creation");
  CHECK(synsets[1].hypernyms.empty());
}

TEST_CASE("a line that is no synonym set is an error that names it") {
  const std::string good = line(1, 3, "x", {}, "y");
  for (const std::string wrong :
       {"", "1", "0000174x 03 n 01 x 0 000 | y", "00001740 03 n 02 x 0 000 | y", "00001740 03 n 01 x 0 001 @ 1 | y",
        "00001740 03 n 00 000 | y", "00001740 03 n 01 x 0 000", "00001740 03 n 01 x 0 000 | ",
        "00001740 45 n 01 x 0 000 | y", "00001740 03 n ffffffff x 0 000 | y"}) {
    CHECK_THROWS_WITH_AS(parse_synsets(good + wrong + "\n" + good, "data.noun"),
                         doctest::Contains("data.noun: line 2: "), Error);
  }
  CHECK_THROWS_WITH_AS(parse_synsets("  licence\n", "data.noun"), "data.noun: must hold synonym sets, got none", Error);
}

TEST_CASE("pairs have the same hypernym or, of the same file, another one") {
  std::string bytes;
  for (int hypernym = 1; hypernym <= 200; ++hypernym) {
    for (int i = 0; i < hypernym % 12; ++i)
      bytes += line(1000 * hypernym + i, 3 + hypernym % 3, "w", {above(hypernym), above(7 * i + 1, "~")},
                    fmt::format("{} of {}", i, hypernym));
  }
  bytes += line(900000, 3, "w", {above(2)}, "0 of 2") + line(900001, 3, "w", {above(1, "@i")}, "an instance");
  const std::vector<WordNetFile> files{{bytes, "data.noun"}};
  const Corpus corpus = parse_gloss_pairs(files, Answers::label);
  CHECK(corpus.label_names == std::vector<std::string>{"other", "same"});
  CHECK(corpus.has_pairs);
  CHECK(are_apart(corpus));
  CHECK(!corpus.test.empty());
  std::map<std::string, int> as_first, as_second;  // times in "same" less times in "other"
  std::map<int, int> n_same;                       // by hypernym
  for (const Example& example : all(corpus)) {
    const auto hypernym = [](const std::string& text) { return std::stoi(text.substr(text.find("of ") + 3)); };
    CHECK((hypernym(example.text) == hypernym(example.second)) == (example.label == 1));
    CHECK(hypernym(example.text) % 3 == hypernym(example.second) % 3);
    as_first[example.text] += example.label == 1 ? 1 : -1;
    as_second[example.second] += example.label == 1 ? 1 : -1;
    n_same[hypernym(example.text)] += example.label;
  }
  for (const auto& [text, sum] : as_first) CHECK(sum == 0);
  for (const auto& [text, sum] : as_second) CHECK(sum == 0);
  for (const auto& [hypernym, n] : n_same) CHECK(n == std::min(hypernym % 12 / 2, 4));

  const Corpus together = parse_gloss_pairs(files, Answers::none);
  CHECK(together.answers == Answers::none);
  CHECK(together.has_pairs);
  CHECK(together.train.size() * 2 == corpus.train.size());
  CHECK(together.test.size() * 2 == corpus.test.size());
  const std::vector<WordNetFile> lonely{{"00000001 03 n 01 x 0 000 | y\n", "data.noun"}};
  CHECK_THROWS_WITH_AS(parse_gloss_pairs(lonely, Answers::label), doctest::Contains("data.noun: must hold pairs"),
                       Error);
}

TEST_CASE("second glosses that share another hypernym are not paired as others") {
  std::string bytes;  // all have hypernym 9 beside their own
  for (int i = 0; i < 40; ++i)
    bytes += line(100 + i, 3, "w", {above(1000 + i / 2), above(9)}, fmt::format("text {}", i));
  const std::vector<WordNetFile> files{{bytes, "data.noun"}};
  CHECK_THROWS_AS(parse_gloss_pairs(files, Answers::label), Error);
  CHECK(all(parse_gloss_pairs(files, Answers::none)).size() == 20);
}

TEST_CASE("kinds are all that stands above, named by first words") {
  std::string bytes = line(1, 3, "entity", {}, "all") + line(2, 3, "thing", {above(1)}, "a thing") +
                      line(3, 3, "thing", {above(1)}, "another thing") +
                      line(4, 3, "dog", {above(2), above(999)}, "dog") +
                      line(5, 3, "rex", {above(4, "@i"), above(3)}, "a dog by name") +
                      line(6, 3, "loop", {above(7)}, "there") + line(7, 3, "back", {above(6)}, "and back");
  const std::vector<WordNetFile> files{{bytes, "data.noun"}};
  const Corpus corpus = parse_gloss_kinds(files, Answers::labels);
  CHECK(corpus.label_names == std::vector<std::string>{"back", "dog", "loop", "thing/00000002", "thing/00000003"});
  std::map<std::string, std::set<std::string>> labels;
  for (const Example& example : all(corpus)) labels[example.text] = labels_of(corpus, example);
  CHECK(labels["all"].empty());
  CHECK(labels["a thing"].empty());
  CHECK(labels["dog"] == std::set<std::string>{"thing/00000002"});
  CHECK(labels["a dog by name"] == std::set<std::string>{"dog", "thing/00000002", "thing/00000003"});
  CHECK(labels["there"] == std::set<std::string>{"back"});
  for (int i = 0; i < 1000; ++i) bytes += line(1000 + i, 3, "w", {above(3)}, fmt::format("text {}", i));
  const Corpus larger = parse_gloss_kinds(std::vector<WordNetFile>{{bytes, "data.noun"}}, Answers::labels);
  CHECK(larger.label_names == std::vector<std::string>{"thing"});  // the others are rare now
}

TEST_CASE("words end at blanks and punctuation") {
  const auto words = [](std::string_view text) { return split_words(text); };
  using Words = std::vector<std::string_view>;
  CHECK(words("the dog's well-known; 1990s") == Words{"the", "dog's", "well", "-", "known", ";", "1990s"});
  CHECK(words("'tis dogs' caf\xc3\xa9  look_up") == Words{"'", "tis", "dogs", "'", "caf\xc3\xa9", "look", "up"});
  CHECK(words("").empty());
}

TEST_CASE("every place of a word of the synonym set is tagged, inflected or not") {
  const std::string nouns = line(1, 5, "Dog", {}, "an animal; \"my dogs saw a dog\"; \"no such word\"; \"A DOG\"") +
                            line(2, 6, "hot_dog", {}, "food: \"hot dogs!\"; \"A DOG\"") +
                            line(3, 20, "mouse", {}, "\"of mice and mouses\"") +
                            line(4, 20, "box", {}, "\"boxes and boxe and xes\"") + line(5, 20, "z", {}, "\"no \"z");
  CHECK(tagged_texts(tags_of(nouns, "", "mice mouse\nmouses x\n")) ==
        std::vector<std::string>{
            "A DOG/B-noun.animal : an animal",
            "boxes/B-noun.plant and boxe and xes :", "hot/B-noun.artifact dogs/I-noun.artifact ! : food",
            "my dogs/B-noun.animal saw a dog/B-noun.animal : an animal", "of mice/B-noun.plant and mouses :"});
  const std::string verbs = line(1, 29, "give_up", {}, "stop; \"she gave up and is giving up\"; \"give upped\"") +
                            line(2, 30, "change", {}, "\"changing, changed, changes, change\"");
  CHECK(tagged_texts(tags_of(nouns, verbs, "", "gave give\n")).back() ==
        "she gave/B-verb.body up/I-verb.body and is giving/B-verb.body up/I-verb.body : stop");
  CHECK(tagged_texts(tags_of(nouns, verbs))[2].starts_with("changing/B-verb.change , changed/B-verb.change , "));
  CHECK_THROWS_WITH_AS(tags_of(nouns, verbs, "a b\nlonely\n"), doctest::Contains("noun.exc: line 2: "), Error);
  CHECK_THROWS_WITH_AS(tags_of(line(1, 5, "dog", {}, "no sentence")), doctest::Contains("must hold example sentences"),
                       Error);
}

TEST_CASE("the pairs of WordNet 3.0 are 41,192, as many of one hypernym as of two") {
  if (!has_wordnet("gloss-pairs")) return;
  const Corpus corpus = open_source("gloss-pairs")->read();
  CHECK(corpus.train.size() == 37132);
  CHECK(corpus.test.size() == 4060);
  CHECK(are_apart(corpus));
  const std::string bytes = ingot::engine::read_file("/usr/share/wordnet/data.noun");
  std::map<std::string_view, Synset> by_gloss;
  for (Synset& synset : parse_synsets(bytes, "data.noun")) by_gloss.try_emplace(synset.gloss, synset);
  std::int64_t n_same = 0, n_wrong = 0;
  for (const Example& example : all(corpus)) {
    const Synset &first = by_gloss.at(example.text), &second = by_gloss.at(example.second);
    const bool same = first.hypernyms.front() == second.hypernyms.front();
    n_same += same;
    n_wrong += same != (example.label == 1) || first.file != second.file;
  }
  CHECK(n_same * 2 == 41192);
  CHECK(n_wrong == 0);
  const Corpus together = open_source("gloss-pairs", {.answers = Answers::none})->read();
  CHECK(together.train.size() == 18566);
  CHECK(together.test.size() == 2036);
  CHECK_THROWS_WITH_AS(open_source("gloss-pairs", {.answers = Answers::tags}), doctest::Contains("no tags"), Error);
  CHECK_THROWS_WITH_AS(open_source("gloss-pairs", {.text = "a"}), doctest::Contains("has no columns"), Error);
  CHECK(open_source("gloss-pairs")->fingerprint() !=
        open_source("gloss-pairs", {.answers = Answers::none})->fingerprint());
}

TEST_CASE("a dog of WordNet 3.0 is an animal, and what animals are") {
  if (!has_wordnet("gloss-kinds")) return;
  const Corpus corpus = open_source("gloss-kinds")->read();
  CHECK(corpus.train.size() == 73956);
  CHECK(corpus.test.size() == 8159);
  CHECK(are_apart(corpus));
  CHECK(corpus.label_names.size() == 86);
  const std::vector<Example> examples = all(corpus);
  const auto dog = std::find_if(examples.begin(), examples.end(), [](const Example& example) {
    return example.text.starts_with("a member of the genus Canis (probably descended");
  });
  REQUIRE(dog != examples.end());
  CHECK(labels_of(corpus, *dog) == std::set<std::string>{"animal", "chordate", "living_thing", "mammal", "object",
                                                         "organism", "physical_entity", "placental", "vertebrate",
                                                         "whole"});
}

TEST_CASE("the tagged sentences of WordNet 3.0 are 47,344") {
  if (!has_wordnet("gloss-tags")) return;
  const Corpus corpus = open_source("gloss-tags")->read();
  CHECK(corpus.train.size() == 42745);
  CHECK(corpus.test.size() == 4599);
  CHECK(corpus.label_names.size() == 91);
  const std::vector<std::string> texts = tagged_texts(corpus);
  for (const char* expected : {"the dog/B-noun.animal barked all night : a member of the genus Canis ( probably "
                               "descended from the common wolf ) "
                               "that has been domesticated by man since prehistoric times ; occurs in many breeds",
                               "give/B-verb.social up/I-verb.social a run : allow the other ( baseball ) team to score",
                               "British sailors feared the cat/B-noun.artifact : a whip with nine knotted cords"})
    CHECK(std::binary_search(texts.begin(), texts.end(), expected));
}
