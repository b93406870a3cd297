#include <doctest/doctest.h>

#include "data/table.h"
#include "engine/base/error.h"
#include "tests/data/support.h"

using namespace ingot::data;
using ingot::engine::Error;

namespace {

using Texts = std::vector<std::string>;

std::vector<Row> csv(std::string_view text) { return rows_of(kCsv, text, "a.csv"); }
std::vector<Row> jsonl(std::string_view text) { return rows_of(kJsonl, text, "a.jsonl"); }

Texts texts(const std::vector<Row>& rows) {
  Texts found;
  for (const Row& row : rows) found.push_back(row.text);
  return found;
}

Texts labels(const std::vector<Row>& rows) {
  Texts found;
  for (const Row& row : rows) found.push_back(row.labels.empty() ? "" : row.labels[0]);
  return found;
}

std::vector<std::size_t> lines(const std::vector<Row>& rows) {
  std::vector<std::size_t> found;
  for (const Row& row : rows) found.push_back(row.line);
  return found;
}

Corpus read(const std::string& where) { return open_source(where)->read(); }

// RFC 4180, section 2.
std::string in_quotes(std::string_view field) {
  std::string text = "\"";
  for (const char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

}  // namespace

TEST_CASE("quoted fields hold separators, line ends and doubled quotes") {
  const auto rows = csv("text,label\n\"a, b\",x\n\"line 1\nline 2\r\nline 3\",y\n\"he said \"\"no\"\"\",z\n\"\",w\n");
  CHECK(texts(rows) == Texts{"a, b", "line 1\nline 2\r\nline 3", "he said \"no\"", ""});
  CHECK(labels(rows) == Texts{"x", "y", "z", "w"});
  CHECK(lines(rows) == std::vector<std::size_t>{2, 3, 6, 7});
}

TEST_CASE("quotes inside a field that does not begin with one are ordinary") {
  CHECK(texts(csv("text,label\na \"b\" c,1\n5\" disk,2\n")) == Texts{"a \"b\" c", "5\" disk"});
}

TEST_CASE("lines end with LF or CRLF, the last one with either or nothing") {
  for (const char* bytes : {"text,label\na,1\nb,2", "text,label\na,1\nb,2\n", "text,label\r\na,1\r\nb,2",
                            "text,label\r\na,1\r\nb,2\r\n", "\"text\",\"label\"\r\n\"a\",\"1\"\r\n\"b\",\"2\"\r\n"}) {
    CHECK(texts(csv(bytes)) == Texts{"a", "b"});
    CHECK(labels(csv(bytes)) == Texts{"1", "2"});
  }
}

TEST_CASE("columns are found by name and others are ignored") {
  const auto rows = csv("id,label,length,text\n7,1,3,abc\n8,0,0,\n");
  CHECK(texts(rows) == Texts{"abc", ""});
  CHECK(labels(rows) == Texts{"1", "0"});
}

TEST_CASE("any table written by the rules of RFC 4180 is read back") {
  const Texts pieces{"", "a", ",", "\"", "\n", "\r\n", "\t", " ", "\xc3\xa9", "\r"};
  for (std::size_t i = 0; i < 10 * 10 * 10; ++i) {
    const std::string text = pieces[i % 10] + pieces[i / 10 % 10] + pieces[i / 100];
    for (const bool comma : {true, false}) {
      // A tab and a line end in one text may make a row of it: table.h.
      if (!comma && text.find('\t') != text.npos && text.find('\n') != text.npos) continue;
      const std::string separator = comma ? "," : "\t";
      const std::string bytes =
          "label" + separator + "text\n1" + separator + in_quotes(text) + "\n2" + separator + "end";
      CHECK(texts(rows_of(comma ? kCsv : kTsv, bytes, "a")) == Texts{text, "end"});
    }
  }
}

TEST_CASE("a malformed table is an error that names the line") {
  struct Case {
    const char* bytes;
    const char* message;
  };
  for (const Case& wrong : {
           Case{"", "a.csv: must begin with a line that names the columns, got nothing"},
           Case{"\n\n", "a.csv: must begin with a line that names the columns, got a blank line"},
           Case{"a,b\n1,2\n",
                "a.csv: line 1: no column is named as texts usually are (text, sentence, review ...); name one with "
                "--text; the columns are a, b"},
           Case{"text,b\n1,2\n",
                "a.csv: line 1: no column is named as labels usually are (label, sentiment, class ...); name one with "
                "--label; the columns are text, b"},
           Case{"text,text,label\n",
                "a.csv: line 1: --text: must be one column, got text, text; the columns are text, text, label"},
           Case{"text,label\na,1\nb\n", "a.csv: line 3: a row must have 2 fields as the header has, got 1"},
           Case{"text,label\n\"a\n\",1\nb,1,\n", "a.csv: line 4: a row must have 2 fields as the header has, got 3"},
           Case{"text,label\na,1\nb,\n", "a.csv: line 3: a row must have a label, got none"},
           Case{"text,label\na,1\nb, \n", "a.csv: line 3: a row must have a label, got none"},
           Case{"text,label\na,1\n\"b\nc,2\n",
                "a.csv: line 3: a quoted field must end with a quote, got the end of the file"},
           Case{"text,label\n\"a\"b,2\n",
                "a.csv: line 2: a quote inside a quoted field must be doubled, got 'b' after one"},
           Case{"text,label\n\"a\n\"b,2\n",
                "a.csv: line 2: the quoted field that begins here has a quote in line 3 with 'b' behind it; a quote "
                "inside must be doubled"},
       }) {
    CHECK_THROWS_WITH_AS(csv(wrong.bytes), wrong.message, Error);
  }
}

TEST_CASE("a JSON line holds a text and a label: a string, a number or a boolean") {
  const auto rows = jsonl(
      "{\"text\": \"a\\n\\u00e9\\\"\", \"label\": \"x\"}\n{\"label\": -3, \"n\": {\"label\": [1]}, \"text\": \"\"}\r\n"
      "{\"text\":\"c\",\"label\":18446744073709551615}\n{\"text\":\"d\",\"label\":true}\n{\"text\":\"e\",\"label\":2.0}"
      "\n"
      "{\"text\":\"f\",\"label\":0.5}\n{\"text\":\"g\",\"label\":\" x \"}");
  CHECK(texts(rows) == Texts{"a\n\xc3\xa9\"", "", "c", "d", "e", "f", "g"});
  CHECK(labels(rows) == Texts{"x", "-3", "18446744073709551615", "true", "2", "0.5", "x"});
  CHECK(lines(rows) == std::vector<std::size_t>{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("a malformed JSON line is an error that says what and where") {
  const std::string good = "{\"text\": \"a\", \"label\": 1}\n";
  struct Case {
    std::string line;
    const char* message;
  };
  for (const Case& wrong : {
           Case{"[1]", "line 2: must be one JSON object, got an array"},
           Case{"7", "line 2: must be one JSON object, got 7"},
           Case{"{\"text\": \"a\"", "line 2, column 13: not valid JSON: "},
           Case{"{\"text\": \"a\", \"label\": 1} {}", "line 2, column 27: not valid JSON: "},
           Case{"{\"text\": \"a\", \"label\": 1},", "one object a line, without commas between them"},
           Case{"{\"text\": \"a\", \"label\": 1,}", "line 2, column 26: not valid JSON: "},
           Case{"{\"text\": \"a\", \"label\": 1 , }", "a comma must not stand before it"},
           Case{"{\"text\": NaN, \"label\": 1}", "line 2, column 10: not valid JSON: "},
           Case{"{\"text\": NaN, \"label\": 1}", "NaN and Infinity are not JSON"},
           Case{"{\"text\": \"a\", \"label\": -Infinity}", "NaN and Infinity are not JSON"},
           Case{"{\"text\": \"a\", \"label\": True}", "JSON writes true, false and null"},
           Case{"{'text': 'a', 'label': 1}", "line 2, column 2: not valid JSON: "},
           Case{"{'text': 'a', 'label': 1}", "strings are in double quotes"},
           Case{"{\"text\": \"a\tb\", \"label\": 1}", "line 2, column 12: not valid JSON: "},
           Case{"{\"text\": \"a\tb\", \"label\": 1}", "control character U+0009 (HT) must be escaped"},
           Case{std::string("{\"text\": \"a\", \"label\": 1}\0", 26), "line 2: not valid JSON: holds a zero byte"},
           Case{"{\"text\": \"\\ud800\", \"label\": 1}", "surrogate U+D800..U+DBFF must be followed by"},
           Case{"{\"text\": \"\\ud800\", \"label\": 1}", "line 2, column 17: not valid JSON: "},
           Case{"{\"label\": 1, \"txt\": \"a\"}", "line 2: a row must have the key text, got label, txt"},
           Case{"{\"text\": 5, \"label\": 1}", "line 2: text must be a string, got 5"},
           Case{"{\"text\": \"a\"}", "line 2: a row must have a label under the key label, got text"},
           Case{"{\"text\": \"a\", \"label\": null}", "line 2: a row must have a label, got none"},
           Case{"{\"text\": \"a\", \"label\": \"\"}", "line 2: a row must have a label, got none"},
           Case{"{\"text\": \"a\", \"label\": [[1]]}",
                "line 2: label must be a string, a number or a boolean, got an array"},
           Case{"{\"text\": \"a\", \"label\": 1, \"text\": \"b\"}",
                "line 2: name text appears twice in one JSON object"},
           Case{"{\"text\": \"a\", \"label\": " + std::string(80000, '[') + std::string(80000, ']') + "}",
                "line 2: JSON must not nest deeper than 64 levels"},
       }) {
    CAPTURE(wrong.line.substr(0, 100));
    CHECK_THROWS_WITH_AS(jsonl(good + wrong.line + "\n" + good), doctest::Contains(wrong.message), Error);
  }
}

TEST_CASE("a text file holds one unlabelled text a line") {
  const auto rows = rows_of(kLines, "one\n\nthree, \"3\"\r\nfour", "a.txt", Labels::ignored);
  CHECK(texts(rows) == Texts{"one", "", "three, \"3\"", "four"});
  const Scratch scratch;
  const Corpus corpus = read(scratch.write("a.txt", "\xef\xbb\xbfone\r\ntwo\n"));
  CHECK(corpus.train.empty());
  CHECK(corpus.unlabelled == std::vector<Example>{{"one", kUnlabelled}, {"two", kUnlabelled}});
}

TEST_CASE("every format gives the same corpus, with or without a byte order mark") {
  const Corpus expected{{.label_names = {"bad", "good"}, .notes = {}}, {{"a", 1}, {"", 0}, {"c", 1}}, {}, {}, {}};
  const Scratch scratch;
  for (const std::string bom : {"", "\xef\xbb\xbf"}) {
    CHECK(read(scratch.write("a.csv", bom + "text,label\na,good\n,bad\nc,good\n")) == expected);
    CHECK(read(scratch.write("a.tsv", bom + "text\tlabel\r\na\tgood\r\n\tbad\r\nc\tgood\r\n")) == expected);
    CHECK(read(scratch.write("a.JSONL", bom + "{\"text\":\"a\",\"label\":\"good\"}\n{\"text\":\"\",\"label\":\"bad\"}\n"
                                              "{\"text\":\"c\",\"label\":\"good\"}\n")) == expected);
  }
}

TEST_CASE("labels are in the order of their numbers if all are integers, else of their bytes") {
  const Scratch scratch;
  CHECK(read(scratch.write("a.csv", "text,label\na,10\nb,9\nc,-1\n")).label_names == Texts{"-1", "9", "10"});
  CHECK(read(scratch.write("b.csv", "text,label\na,10\nb,9\nc,x\n")).label_names == Texts{"10", "9", "x"});
  CHECK(
      read(scratch.write("c.jsonl", "{\"text\":\"a\",\"label\":10}\n{\"text\":\"a\",\"label\":\"9\"}\n")).label_names ==
      Texts{"9", "10"});
}

TEST_CASE("a folder holds training, test and unlabelled parts in any formats") {
  const Scratch scratch;
  scratch.write("train.csv", "text,label\na,x\nb,y\n");
  CHECK(read(scratch.path().string()).test.empty());
  scratch.write("test.jsonl", "{\"text\":\"c\",\"label\":\"y\"}\n");
  scratch.write("unlabelled.tsv", "text\td\nd\t\n");
  const Corpus expected{
      {.label_names = {"x", "y"}, .notes = {}}, {{"a", 0}, {"b", 1}}, {{"c", 1}}, {{"d", kUnlabelled}}, {}};
  CHECK(read(scratch.path().string()) == expected);
  CHECK(read((scratch.path() / "unlabelled.tsv").string()).unlabelled == expected.unlabelled);
  scratch.write("test.jsonl", "{\"text\":\"c\",\"label\":\"y\"}\n{\"text\":\"c\",\"label\":\"z\"}\n");
  CHECK_THROWS_WITH_AS(
      read(scratch.path().string()),
      doctest::Contains("test.jsonl: line 2: a label must be one of the 2 of the training part, got 'z'"), Error);
  scratch.write("test.csv", "text,label\nc,y\n");
  CHECK_THROWS_WITH_AS(read(scratch.path().string()),
                       doctest::Contains("must hold one file test.*, got test.csv and test.jsonl"), Error);
}

TEST_CASE("a folder may hold unlabelled texts alone but not a test part alone") {
  const Scratch scratch;
  scratch.write("unlabelled.txt", "one\ntwo\n");
  CHECK(read(scratch.path().string()).unlabelled.size() == 2);
  scratch.write("test.csv", "text,label\nc,y\n");
  CHECK_THROWS_WITH_AS(open_source(scratch.path().string()), doctest::Contains("must hold train.* beside test.csv"),
                       Error);
}

TEST_CASE("a fingerprint changes with the content of a file and the stamps of a folder") {
  const Scratch scratch;
  const auto of = [&](const std::string& content) {
    return open_source(scratch.write("train.csv", content))->fingerprint();
  };
  CHECK(of("text,label\na,1\n") == of("text,label\na,1\n"));
  CHECK(of("text,label\na,1\n") != of("text,label\nb,1\n"));
  const auto folder = open_source(scratch.path().string());
  const auto before = folder->fingerprint();
  CHECK(folder->fingerprint() == before);
  scratch.write("train.csv", "text,label\nab,1\n");
  CHECK(folder->fingerprint() != before);
}

TEST_CASE("a byte that is not UTF-8 is named with its line") {
  const Scratch scratch;
  for (const char* name : {"a.csv", "a.tsv", "a.jsonl", "a.txt"}) {
    CHECK_THROWS_WITH_AS(read(scratch.write(name, "text,label\nab,1\nc\xff,2\n")),
                         doctest::Contains("line 3: must be UTF-8, got byte 0xff at byte offset 17"), Error);
  }
}

TEST_CASE("a file without texts is an error") {
  const Scratch scratch;
  CHECK_THROWS_WITH_AS(read(scratch.write("a.csv", "text,label\n")), doctest::Contains("at least one text"), Error);
  CHECK_THROWS_WITH_AS(read(scratch.write("a.txt", "")), doctest::Contains("at least one text"), Error);
}

TEST_CASE("a text of ten megabytes is read whole") {
  std::string text(10 << 20, 'x');
  for (std::size_t i = 0; i < text.size(); i += 100) text[i] = i % 200 == 0 ? '\n' : '"';
  const Scratch scratch;
  CHECK(read(scratch.write("a.csv", "text,label\n" + in_quotes(text) + ",1\n")).train ==
        std::vector<Example>{{text, 0}});
}

TEST_CASE("a relative path is looked for here, then in the folder that INGOT_DATA names") {
  const Scratch scratch;
  scratch.write("in-ingot-data-only.csv", "text,label\na,1\n");
  const char* before = std::getenv("INGOT_DATA");
  const std::string saved = before == nullptr ? "" : before;
  ::setenv("INGOT_DATA", scratch.path().c_str(), 1);
  CHECK(read("in-ingot-data-only.csv").train.size() == 1);
  CHECK_THROWS_WITH_AS(open_source("no-such-file.csv"), doctest::Contains("neither here nor in INGOT_DATA"), Error);
  CHECK_THROWS_WITH_AS(open_source("/no-such-file.csv"), "data: no file or folder '/no-such-file.csv'", Error);
  ::unsetenv("INGOT_DATA");
  CHECK_THROWS_WITH_AS(open_source("in-ingot-data-only.csv"), doctest::Contains("INGOT_DATA names no folder"), Error);
  if (before != nullptr) ::setenv("INGOT_DATA", saved.c_str(), 1);
}

TEST_CASE("a part that cannot be examined is an error, not a missing part") {
  const Scratch scratch;
  scratch.write("train.csv", "text,label\na,1\n");
  std::filesystem::create_symlink("test.csv", scratch.path() / "test.csv");  // a loop
  CHECK_THROWS_WITH_AS(open_source(scratch.path().string()), doctest::Contains("test.csv: cannot read: "), Error);
}

TEST_CASE("what no reader knows is an error that lists what they read") {
  const Scratch scratch;
  CHECK_THROWS_WITH_AS(open_source(scratch.write("a.parquet", "")), doctest::Contains("must be an IMDb archive"),
                       Error);
  CHECK_THROWS_WITH_AS(open_source((scratch.path()).string()), doctest::Contains(".csv, .tsv, .jsonl or .txt"), Error);
  CHECK_THROWS_AS(open_source(""), Error);
}
