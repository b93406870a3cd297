// What labels of one meaning and of none become: spellings of booleans and numbers, real numbers, missing ones.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "engine/base/error.h"
#include "tests/data/support.h"

using namespace ingot::data;
using ingot::engine::Error;

namespace {

using Texts = std::vector<std::string>;

// One row a label, in quotes.
std::string table(const Texts& labels) {
  std::string text = "text,label\n";
  for (const std::string& label : labels) text += "a,\"" + label + "\"\n";
  return text;
}

Corpus corpus_of(const Texts& labels, std::optional<Answers> answers = {}) {
  const Scratch scratch;
  return open_source(scratch.write("own.csv", table(labels)), {.answers = answers})->read();
}

std::vector<std::int32_t> numbers(const std::vector<Example>& examples) {
  std::vector<std::int32_t> found;
  for (const Example& example : examples) found.push_back(example.label);
  return found;
}

std::string fault(const Texts& labels, std::optional<Answers> answers = {}) {
  try {
    corpus_of(labels, answers);
  } catch (const Error& error) {
    const std::string message = error.what();
    return message.substr(message.find("own.csv"));
  }
  return "";
}

Corpus folder(const Texts& train, const Texts& test) {
  const Scratch scratch;
  scratch.write("train.csv", table(train));
  scratch.write("test.csv", table(test));
  return open_source(scratch.path().string())->read();
}

using Numbers = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("spellings of one boolean are one class, and a note says so") {
  const Corpus corpus = corpus_of({"TRUE", "False", "true", "FALSE", "True"});
  CHECK(corpus.label_names == Texts{"false", "true"});
  CHECK(numbers(corpus.train) == Numbers{1, 0, 1, 0, 1});
  REQUIRE(corpus.notes.size() == 1);
  CHECK(corpus.notes[0].ends_with(
      "labels that spell one boolean are one: False is false, FALSE is false, TRUE is true, True is true"));
  CHECK(corpus_of({"1", "true", "0", "false", "1.0"}).label_names == Texts{"false", "true"});
  CHECK(numbers(corpus_of({"1", "true", "0", "false", "1.0"}).train) == Numbers{1, 1, 0, 0, 1});
  CHECK(corpus_of({"Yes", "no", "yes"}).label_names == Texts{"no", "yes"});
  CHECK(numbers(corpus_of({"True", "false"}).train) == Numbers{1, 0});
  const Scratch scratch;
  const std::string rows =
      "{\"text\":\"a\",\"label\":true}\n{\"text\":\"a\",\"label\":1}\n{\"text\":\"a\",\"label\":\"1\"}\n"
      "{\"text\":\"a\",\"label\":\"False\"}\n{\"text\":\"a\",\"label\":0.0}\n";
  const Corpus json = open_source(scratch.write("a.jsonl", rows))->read();
  CHECK(json.label_names == Texts{"false", "true"});
  CHECK(numbers(json.train) == Numbers{1, 1, 1, 0, 0});
}

TEST_CASE("labels that are no spellings of one boolean stay as they are written") {
  CHECK(corpus_of({"True", "False"}).label_names == Texts{"False", "True"});
  CHECK(corpus_of({"True", "False"}).notes.empty());
  CHECK(corpus_of({"true", "True", "maybe"}).label_names == Texts{"True", "maybe", "true"});
  CHECK(corpus_of({"on", "no", "de"}).label_names == Texts{"de", "no", "on"});
  CHECK(corpus_of({"on", "no"}).label_names == Texts{"no", "on"});
  CHECK(corpus_of({"us", "US"}).label_names == Texts{"US", "us"});
  CHECK(fault({"true", "no", "yes"}) ==
        "own.csv: line 4: one boolean must be spelled by one word in all rows, got yes after true");
}

TEST_CASE("real numbers are numbers to learn in every spelling, and no classes; whole numbers are classes") {
  for (const char* real :
       {"0,1", "+1.5", "50%", "12.5 %", "1,234.5", "1.234,5", "1 234,5", "-0,25", "0,125", ",5", "+0,5", "1'234.5",
        "\u2212"
        "1,5",
        "1\u00a0"
        "234,5"}) {
    CAPTURE(real);
    const Corpus numbers = corpus_of({"1", real, "2"});
    CHECK(numbers.answers == Answers::numbers);
    REQUIRE(numbers.train.size() == 3);
    CHECK(numbers.train[0].numbers == std::vector<float>{1});
    CHECK(std::fmod(numbers.train[1].numbers.at(0), 1.0f) != 0);
    CHECK(fault({"1", real, "2"}, Answers::label) ==
          "own.csv: line 3: labels are real numbers, such as " + std::string(real) +
              ": for classes, give names or whole numbers; a number is learned by --task regression");
    CHECK(fault({"1", real, "two"}) == "own.csv: line 4: must be a number, as " + std::string(real) +
                                           " in line 3, got 'two'; names of classes are read as such by --task "
                                           "single-label");
    CHECK(corpus_of({"1", real, "two"}, Answers::label).label_names.size() == 3);
  }
  CHECK(corpus_of({"+1", "-1", "1", "1,0"}).label_names == Texts{"-1", "1"});
  CHECK(corpus_of({"0%", "100%"}).label_names == Texts{"0%", "100%"});
  CHECK(corpus_of({"1,000", "500"}).label_names == Texts{"500", "1000"});
  for (const char* name : {"1.2.3", "1,2,3", "12:30", "2020-01-01", "+-1", "++1", "%", "+"})
    CHECK(corpus_of({"1.5", name}, Answers::label).label_names.size() == 2);
}

TEST_CASE("NaN and None are missing among numbers and booleans, and names among words") {
  for (const char* missing : {"nan", "NaN", "NA", "N/A", "None", "null", "NULL", "<NA>", "inf"}) {
    CAPTURE(missing);
    CHECK(fault({"0", "1", missing}) ==
          "own.csv: line 4: a row must have a label, got " + std::string(missing) + " among labels that are numbers");
    CHECK(fault({missing, "true", "False"}) ==
          "own.csv: line 2: a row must have a label, got " + std::string(missing) + " among labels that are booleans");
    CHECK(corpus_of({"pos", missing, "neg"}).label_names.size() == 3);
    CHECK(corpus_of({"yes", missing, "no"}).label_names.size() == 3);
  }
}

TEST_CASE("parts of a folder may spell the labels of the training part in other ways") {
  const Corpus corpus = folder({"true", "false"}, {"False", "TRUE", "0", "1.0"});
  CHECK(numbers(corpus.test) == Numbers{0, 1, 0, 1});
  REQUIRE(corpus.notes.size() == 1);
  CHECK(corpus.notes[0].ends_with(
      "test.csv: labels and those of the training part: 0 is false, 1.0 is true, False is false, TRUE is true"));
  CHECK(numbers(folder({"False", "True"}, {"true", "0"}).test) == Numbers{1, 0});
  CHECK(numbers(folder({"0", "1"}, {"True", "false"}).test) == Numbers{1, 0});
  CHECK(numbers(folder({"neg", "pos"}, {"Pos", "NEG"}).test) == Numbers{1, 0});
  CHECK(numbers(folder({"-1", "1"}, {"+1"}).test) == Numbers{1});
  CHECK(folder({"neg", "pos"}, {"pos"}).notes.empty());
  CHECK_THROWS_AS(folder({"false", "true"}, {"yes"}), Error);
  CHECK_THROWS_AS(folder({"false", "true"}, {"2"}), Error);
  CHECK_THROWS_AS(folder({"0", "1", "2"}, {"true"}), Error);
  CHECK_THROWS_AS(folder({"us", "US"}, {"Us"}), Error);
  CHECK_THROWS_AS(folder({"0", "1"}, {"nan"}), Error);
}

// Sanitizers ask for terabytes of addresses.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("rows without labels are refused at the first, before there is room for all") {
  const Scratch scratch;
  std::string rows = "text,label\n";
  for (int i = 0; i < 20'000'000; ++i) rows += ",\n";
  const std::string file = scratch.write("a.csv", rows);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{std::uint64_t{400} << 20, std::uint64_t{400} << 20};  // 20 million examples take 800 MB
    ::setrlimit(RLIMIT_AS, &limit);
    try {
      open_source(file)->read();
    } catch (const Error& error) {
      ::_exit(std::string(error.what()).ends_with("line 2: a row must have a label, got none") ? 0 : 1);
    } catch (...) {
      ::_exit(2);
    }
    ::_exit(3);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(WIFEXITED(status));
}
#endif
