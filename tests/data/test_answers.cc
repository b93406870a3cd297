// What tables hold to learn: several labels, numbers, tags, pairs; and what each kind refuses.
#include <doctest/doctest.h>

#include "engine/base/error.h"
#include "tests/data/support.h"
#include "tests/support/error_text.h"

using namespace ingot::data;
using ingot::test::contains;
using ingot::test::error_text;

namespace {

using Texts = std::vector<std::string>;
using Numbers = std::vector<float>;

// A corpus of the files in a folder.
class Folder {
 public:
  Folder& with(const char* file, const std::string& content) {
    scratch_->write(file, content);
    return *this;
  }
  Corpus read(const ReadingOptions& options = {}) const {
    return open_source(scratch_->path().string(), options)->read();
  }
  std::string fault(const ReadingOptions& options = {}) const {
    const std::string all = error_text([&] { read(options); });
    return all.substr(all.rfind('/') == all.npos ? 0 : all.rfind('/') + 1);
  }

 private:
  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
};

Folder train(const std::string& content, const char* file = "train.csv") {
  Folder folder;
  folder.with(file, content);
  return folder;
}

}  // namespace

TEST_CASE("columns that are all 0 or 1 are labels of which a text can have several, in the order they are named") {
  const Corpus corpus =
      train("text,b,a\nx,1,0\ny,yes,TRUE\n").with("test.csv", "a,text,b\n1,z,0\n").read({.label = "a,b"});
  CHECK(corpus.answers == Answers::labels);
  CHECK(corpus.label_names == Texts{"a", "b"});
  CHECK(corpus.train[0].numbers == Numbers{0, 1});
  CHECK(corpus.train[1].numbers == Numbers{1, 1});
  CHECK(corpus.test[0].numbers == Numbers{1, 0});
  CHECK(corpus.train[0].label == kUnlabelled);
  CHECK(train("text,a,b\nx,1,0\ny,1,2\n").fault({.label = "a,b", .answers = Answers::labels}) ==
        "train.csv: line 3: b must be 0 or 1, got '2'");
  CHECK(train("text,a,b\nx,1,0\n").with("test.csv", "text,a,b\nx,1,maybe\n").fault({.label = "a,b"}) ==
        "test.csv: line 2: b must be 0 or 1, got 'maybe'");
  CHECK(train("text,a,b\nx,1,\n").fault({.label = "a,b"}) ==
        "train.csv: line 2: a row must have a label, got none in column b");
}

TEST_CASE("a list of labels in JSON is any number of labels; the training part names them all") {
  const std::string rows = "{\"text\":\"x\",\"labels\":[\"b\",\"a\"]}\n{\"text\":\"y\",\"labels\":[]}\n";
  const Corpus corpus = train(rows, "train.jsonl").read();
  CHECK(corpus.answers == Answers::labels);
  CHECK(corpus.label_names == Texts{"a", "b"});
  CHECK(corpus.train[0].numbers == Numbers{1, 1});
  CHECK(corpus.train[1].numbers == Numbers{0, 0});
  CHECK(train(rows + "{\"text\":\"z\",\"labels\":\"a\"}\n", "train.jsonl").fault() ==
        "train.jsonl: line 3: labels must be a list as in the first row, got one label");
  CHECK(train(rows, "train.jsonl").with("test.jsonl", "{\"text\":\"z\",\"labels\":[\"c\"]}\n").fault() ==
        "test.jsonl: line 1: a label must be one of the 2 of the training part, got 'c'");
  CHECK(train(rows, "train.jsonl").fault({.answers = Answers::label}) ==
        "train.jsonl: column labels is read as labels, not as label");
}

TEST_CASE("numbers to learn: one column or several, by themselves or as asked; NaN and words are refused by line") {
  const Corpus corpus = train("text,x,y\na,1,2.5\nb,-3,1e3\n").read({.label = "x,y"});
  CHECK(corpus.answers == Answers::numbers);
  CHECK(corpus.label_names == Texts{"x", "y"});
  CHECK(corpus.train[1].numbers == Numbers{-3, 1000});
  REQUIRE(corpus.notes.size() == 1);
  CHECK(contains(corpus.notes[0], "columns of labels are numbers: a quantity is learned (regression), no class"));
  const Corpus stars = train("text,stars\na,1\nb,5\n").read({.answers = Answers::numbers});
  CHECK(stars.answers == Answers::numbers);
  CHECK(stars.label_names == Texts{"stars"});
  CHECK(stars.notes.empty());
  CHECK(train("text,stars\na,1\nb,5\n").read().answers == Answers::label);
  const ReadingOptions asked{.answers = Answers::numbers};
  CHECK(train("text,stars\na,1\nb,five\n").fault(asked) == "train.csv: line 3: stars must be a number, got 'five'");
  CHECK(train("text,stars\na,NaN\nb,5\n").fault(asked) == "train.csv: line 2: stars must be a number, is missing: NaN");
  CHECK(train("text,stars\na,1e31\nb,5\n").fault(asked) ==
        "train.csv: line 2: stars must be within 1e30 of zero, got 1e31");
  CHECK(train("text,x,y\na,1,2.5\nb,3,high\n").fault({.label = "x,y"}) ==
        "train.csv: line 3: y must be a number, got 'high'");
  std::string many = "text,score\n";  // more different numbers than there can be labels
  for (int i = 0; i < 12'000; ++i) many += "a," + std::to_string(i) + ".5\n";
  CHECK(train(many).read().train.size() == 12'000);
}

TEST_CASE("words with tags: as CoNLL writes them, and as lists in JSON") {
  const std::string conll =
      "-DOCSTART- -X- O\n\n# a comment of its own length\nEU NNP B-ORG\nrejects VBZ O\n\n\n# NN O\nend NN O\n";
  const std::string json =
      "{\"tokens\":[\"EU\",\"rejects\"],\"ner_tags\":[\"B-ORG\",\"O\"]}\n"
      "{\"tokens\":[\"#\",\"end\"],\"ner_tags\":[\"O\",\"O\"]}\n";
  for (const bool is_json : {false, true}) {
    const Corpus corpus = (is_json ? train(json, "train.jsonl") : train(conll, "train.conll")).read();
    CHECK(corpus.answers == Answers::tags);
    CHECK(corpus.label_names == Texts{"B-ORG", "O"});
    REQUIRE(corpus.train.size() == 2);
    CHECK(corpus.train[0].text == "EU rejects");
    CHECK(corpus.train[0].words == std::vector<Word>{{2, 0}, {10, 1}});
    CHECK(corpus.train[1].text == "# end");
    CHECK(corpus.train[1].words == std::vector<Word>{{1, 1}, {5, 1}});
  }
  CHECK(train("New York\tB-LOC\n", "train.conll").read().train[0].words == std::vector<Word>{{8, 0}});
}

TEST_CASE("tags that do not fit their words are refused by line") {
  CHECK(train("a O\nb\n", "train.conll").fault() ==
        "train.conll: line 2: a line must have 2 columns as the first has, got 1");
  CHECK(train("a\nb\n", "train.conll").fault() == "train.conll: line 1: a line must have a word and a tag, got 'a'");
  CHECK(train("a O\n", "train.conll").with("test.conll", "b X\n").fault() ==
        "test.conll: line 1: a label must be one of the 1 of the training part, got 'X'");
  CHECK(train("a O\n", "train.conll").fault({.text = "x"}).starts_with("train.conll: has a word in its first column"));
  const auto json = [](const std::string& row) {
    return train("{\"tokens\":[\"a\"],\"tags\":[\"O\"]}\n" + row + "\n", "train.jsonl").fault();
  };
  CHECK(json("{\"tokens\":[\"a\",\"b\"],\"tags\":[\"O\"]}") ==
        "train.jsonl: line 2: each word must have a tag, got 2 words and 1 tags");
  CHECK(json("{\"tokens\":\"a b\",\"tags\":[\"O\"]}") ==
        "train.jsonl: line 2: must be a list of words as in the first row, got a text");
  CHECK(json("{\"tokens\":[\"a\"],\"tags\":\"O\"}") ==
        "train.jsonl: line 2: tags must be a list as in the first row, got one label");
  CHECK(json("{\"tokens\":[],\"tags\":[]}") == "train.jsonl: line 2: tokens must hold a word, is an empty list");
  CHECK(json("{\"tokens\":[1],\"tags\":[\"O\"]}") == "train.jsonl: line 2: tokens must be words, got 1");
}

TEST_CASE("pairs: with labels, or without where they belong together; an empty side is refused by line") {
  const Corpus labelled = train("premise,hypothesis,label\na,b,yes\nc,d,no\n").read();
  CHECK(labelled.has_pairs);
  CHECK(labelled.answers == Answers::label);
  CHECK(labelled.train[1].second == "d");
  const Corpus together = train("query,passage\na,b\n").read();
  CHECK(together.has_pairs);
  CHECK(together.answers == Answers::none);
  CHECK(together.label_names.empty());
  const Corpus chosen = train("text,text2,same\na,b,1\nc,d,0\n").read({.label = "same", .answers = Answers::none});
  CHECK(chosen.train.size() == 1);
  CHECK(chosen.notes.at(0).ends_with("train.csv: 1 pairs that do not belong together are not used"));
  CHECK(train("text,text2,same\na,b,often\n").fault({.label = "same", .answers = Answers::none}) ==
        "train.csv: line 2: the label of a pair must say whether its texts belong together, 0 or 1, got 'often'");
  CHECK(train("query,passage\na, \n").fault() ==
        "train.csv: line 2: both texts of a pair must have content, the second has none");
  CHECK(train("query,passage\n,b\n").fault() ==
        "train.csv: line 2: both texts of a pair must have content, the first has none");
  CHECK(train("query,passage,label\na,b,1\n").with("test.csv", "text,label\na,1\n").fault() ==
        "test.csv: must have a column of second texts as the training part has, got none");
}
