// Columns, separators, quotes and labels of tables as people have them.
#include <doctest/doctest.h>

#include "engine/base/error.h"
#include "tests/data/support.h"
#include "tests/support/error_text.h"

using namespace ingot::data;
using ingot::engine::Error;
using ingot::test::contains;
using ingot::test::error_text;

namespace {

using Texts = std::vector<std::string>;

// "text|label" of each row.
Texts read(const TableFormat& format, std::string_view text, const ReadingOptions& options = {}) {
  Texts found;
  for (const Row& row : rows_of(format, text, "a", Labels::required, options))
    found.push_back(row.text + "|" + (row.labels.empty() ? "" : row.labels[0]));
  return found;
}

std::string note(const TableFormat& format, std::string_view text, const ReadingOptions& options = {}) {
  return format.look(text, "a", Labels::required, options).columns.note;
}

std::string fault(const TableFormat& format, std::string_view text, const ReadingOptions& options = {}) {
  return error_text([&] { read(format, text, options); });
}

}  // namespace

TEST_CASE("usual names of columns are known in any case, with blanks, dashes and underscores") {
  for (const char* header : {"text,label", "Text,Label", "review,sentiment", "sentence,label", " text , label",
                             "content,class", "Tweet,Target", "comment_text,category", "TEXT,Class Index",
                             "message,class_index", "Review-Text,LABELS", "\"text\",\" label\""}) {
    CAPTURE(header);
    CHECK(read(kCsv, std::string(header) + "\na,1\n") == Texts{"a|1"});
    CHECK(note(kCsv, std::string(header) + "\na,1\n").empty() == (std::string(header) == "text,label"));
  }
  CHECK(note(kCsv, "review,sentiment,id\n") == "texts are column review, labels column sentiment; not used: id");
  CHECK(read(kCsv, "Class Index,Title,Description\n3,Wall,Street\n") == Texts{"Wall Street|3"});
  CHECK(note(kCsv, "Class Index,Title,Description\n") ==
        "texts are column Title and Description, labels column Class Index");
}

TEST_CASE("text and label win over other usual names, and those of a rank are a question") {
  CHECK(read(kCsv, "title,text,label,label_text,class\nt,a,1,one,2\n") == Texts{"a|1"});
  CHECK(read(kCsv, "Text,text,label\nb,a,1\n") == Texts{"a|1"});
  CHECK(fault(kCsv, "review,comment,label\n") ==
        "a: line 1: --text: must be one column, got review, comment; the columns are review, comment, label");
  CHECK(fault(kCsv, "text,class,sentiment\n") ==
        "a: line 1: --label: must be one column, got class, sentiment; the columns are text, class, sentiment");
  CHECK(contains(fault(kCsv, "words,label\n"), "name one with --text; the columns are words, label"));
}

TEST_CASE("options name columns: as written, or else in any case; two texts are joined") {
  const std::string table = "Words,words,Mood,when\nA,b,good,now\n";
  CHECK(read(kCsv, table, {.text = "words", .label = "mood"}) == Texts{"b|good"});
  CHECK(read(kCsv, table, {.text = "Words", .label = "when"}) == Texts{"A|now"});
  CHECK(read(kCsv, table, {.text = "Words+words", .label = "mood"}) == Texts{"A b|good"});
  CHECK(read(kCsv, "a+b,label\nx,1\n", {.text = "a+b"}) == Texts{"x|1"});
  CHECK(fault(kCsv, table, {.text = "absent", .label = "mood"}) ==
        "a: line 1: --text absent: no column has that name; the columns are Words, words, Mood, when");
  CHECK(contains(fault(kCsv, table, {.text = "WORDS", .label = "mood"}), "must be one column"));
  CHECK(contains(fault(kCsv, table, {.text = "when", .label = "when"}), "text and label must be two columns"));
  CHECK(read(kJsonl, "{\"words\":\"a\",\"mood\":true}\n", {.text = "words", .label = "Mood"}) == Texts{"a|true"});
}

TEST_CASE("columns with the usual names of pairs are pairs, unless --text asks for one of them") {
  const auto pairs = [](const TableFormat& format, const std::string& text, const ReadingOptions& options = {}) {
    Texts found;
    for (const Row& row : rows_of(format, text, "a", Labels::required, options))
      found.push_back(row.text + "|" + row.second + "|" + (row.labels.empty() ? "" : row.labels[0]));
    return found;
  };
  for (const char* header : {"sentence1,sentence2,label", "premise,hypothesis,label", "question1,question2,label",
                             "text,text_pair,label", "Question,Sentence,label", "sentence_a,sentence_b,label"}) {
    CAPTURE(header);
    CHECK(pairs(kCsv, std::string(header) + "\na,b,1\n") == Texts{"a|b|1"});
  }
  CHECK(note(kCsv, "premise,hypothesis,label\n") == "pairs are columns premise and hypothesis, labels column label");
  CHECK(pairs(kCsv, "question,answer\na,b\n") == Texts{"a|b|"});  // what belongs together needs no label
  CHECK(pairs(kJsonl, "{\"premise\":\"a\",\"hypothesis\":\"b\",\"label\":1}\n") == Texts{"a|b|1"});
  CHECK(pairs(kCsv, "x,y,z\na,b,1\n", {.text = "y", .pair = "x", .label = "z"}) == Texts{"b|a|1"});
  CHECK(read(kCsv, "sentence1,sentence2,label\na,b,1\n", {.text = "sentence1"}) == Texts{"a|1"});
  CHECK(note(kCsv, "sentence1,sentence2,label\n", {.text = "sentence1"}) ==
        "texts are column sentence1, labels column label; not used: sentence2");
  CHECK(fault(kCsv, "text,label\n", {.pair = "text"}) ==
        "a: line 1: the texts of a pair must be two columns, got text for both");
  CHECK(fault(kCsv, "text,label\n", {.pair = "label"}) ==
        "a: line 1: text and label must be two columns, got label for both");
  CHECK(contains(fault(kCsv, "text,label\n", {.pair = "b"}), "--pair b: no column has that name"));
}

TEST_CASE("several columns can be labels, each named once") {
  const auto labels = [](const std::string& wanted) {
    return rows_of(kCsv, "text,b,a\nx,1, 0 \n", "a", Labels::required, {.label = wanted})[0].labels;
  };
  CHECK(labels("a,b") == Texts{"0", "1"});
  CHECK(labels("b") == Texts{"1"});
  CHECK(fault(kCsv, "text,b,a\n", {.label = "a,b,a"}) == "a: line 1: --label: names a column once, got a twice");
  CHECK(contains(fault(kCsv, "text,b,a\n", {.label = "a,c"}), "--label c: no column has that name"));
  CHECK(note(kCsv, "text,b,a\n", {.label = "a,b"}) == "texts are column text, labels columns a, b");
}

TEST_CASE("the separator is the one that makes sense of the header, or the one that is given") {
  for (const char separator : {',', ';', '|', '\t'}) {
    const std::string s(1, separator);
    const std::string table =
        "id" + s + "review" + s + "label\n1" + s + "\"a" + s + " b\"" + s + "x\n2" + s + "c" + s + "y\n";
    CAPTURE(separator);
    CHECK(read(kCsv, table) == Texts{"a" + s + " b|x", "c|y"});
    CHECK(read(kTsv, table) == Texts{"a" + s + " b|x", "c|y"});
  }
  CHECK(note(kCsv, "text;label\n") == "fields are separated by ;");
  CHECK(read(kCsv, "\"text\";\"label\"\n\"a\";\"1\"\n") == Texts{"a|1"});
  CHECK(read(kCsv, "text#label\na,b#1\n", {.separator = "#"}) == Texts{"a,b|1"});
  CHECK(read(kCsv, "text\tlabel\na\t1\n", {.separator = "tab"}) == Texts{"a|1"});
  CHECK(contains(fault(kCsv, "text,label\n", {.separator = ", "}),
                 "--separator: must be one character or tab, got ', '"));
  CHECK(contains(fault(kCsv, "text,label\n", {.separator = "\""}), "--separator: must be one character"));
}

TEST_CASE("quotes of an unquoted TSV are ordinary, and no row is swallowed") {
  CHECK(read(kTsv, "text\tlabel\n\"He said\t0\nmid\t1\nand left\"\t0\n") ==
        Texts{"\"He said|0", "mid|1", "and left\"|0"});
  CHECK(read(kTsv, "label\ttext\n0\t\"Go\n1\tmid\n0\t\"\n1\tstay\"\n") == Texts{"\"Go|0", "mid|1", "\"|0", "stay\"|1"});
  CHECK(read(kTsv, "text\tlabel\n\"a\" b\t0\n\"whole\"\t1\n") == Texts{"\"a\" b|0", "\"whole\"|1"});
  CHECK(fault(kTsv, "text\tlabel\na \"b\"\t0\nc\n") == "a: line 3: a row must have 2 fields as the header has, got 1");
}

TEST_CASE("a quoted TSV is read as it was written, with tabs and lines in its texts") {
  CHECK(read(kTsv, "text\tlabel\n\"a\"\t0\n\"he said \"\"no\"\"\"\t1\nplain\t\"0\"\n") ==
        Texts{"a|0", "he said \"no\"|1", "plain|0"});
  CHECK(read(kTsv, "text\tlabel\n\"a\tb\"\t0\n\"c\nd\"\t1\n\"e\n\nf\tg\"\t1\n") ==
        Texts{"a\tb|0", "c\nd|1", "e\n\nf\tg|1"});
  CHECK(read(kTsv, "label\ttext\n0\t\"c\nd\"\n1\te\n") == Texts{"c\nd|0", "e|1"});
}

TEST_CASE("a TSV where quotes would swallow rows is an error that names where they begin") {
  CHECK(fault(kTsv, "text\tlabel\n\"a\tb\"\t1\n\"open\t0\nin\t1\nclosed\"\t0\n") ==
        "a: line 3: the quoted field that begins here holds line 4, which would be a row of its own: is a quote "
        "missing, or are quotes no quotes in this file?");
  CHECK(contains(fault(kTsv, "text\tlabel\n\"a\tb\"\t1\n\"open\t0\nclosed\"\t0\n"), "line 3: the quoted field"));
  CHECK(contains(fault(kTsv, "text\tlabel\n\"open\t0\nshort\nnever closed\t0\n"), "line 2: a quoted field must end"));
  const auto one_column = [](const char* text) {
    return error_text([&] { rows_of(kTsv, text, "a", Labels::ignored); });
  };
  CHECK(contains(one_column("text\n\"a\nb\"\n"), "one column with quotes that do not end in their line"));
  CHECK(one_column("text\n\"a\"\nb\n").empty());
}

TEST_CASE(
    "a TSV with its column names in quotes is a quoted one: a text is not torn into rows, nor left in its quotes") {
  CHECK(contains(fault(kTsv, "\"text\"\t\"label\"\n\"\"\t\"a\nb\tc\"\n"), "line 2: the quoted field that begins here"));
  CHECK(fault(kTsv, "\"text\"\t\"label\"\n\"a\"\t\"0\"\n\"b\"c\"\t\"1\"\n") ==
        "a: line 3: a quote inside a quoted field must be doubled, got 'c' after one");
  CHECK(contains(fault(kTsv, "\"te\txt\"\t\"text\"\tlabel\n\"a\tb\"\tc\t\"0\n"), "must end with a quote"));
  CHECK(read(kTsv, "\"text\"\t\"label\"\n\"a\"\t0\nb \"c\"\t1\n") == Texts{"a|0", "b \"c\"|1"});
}

TEST_CASE("a CSV quote that is not closed swallows no rows") {
  CHECK(fault(kCsv, "text,label\na,0\n\"open,1\nb,0\nc,1\n") ==
        "a: line 3: a quoted field must end with a quote, got the end of the file");
  CHECK(contains(fault(kCsv, "text,label\n\"open,1\n\"b\",0\n"),
                 "a: line 2: the quoted field that begins here has a quote"));
  CHECK(fault(kCsv, "text,label\na,0\nb,1\n\"open,1\nc,0\nd\",1\ne,0\n") ==
        "a: line 4: the quoted field that begins here holds line 5, which would be a row of its own with the label 0: "
        "is a quote missing?");
  CHECK(
      contains(fault(kCsv, "label,text\n0,a\n1,\"open\n0,b\n1,c\"\n"), "a: line 3: the quoted field that begins here"));
  CHECK(read(kCsv, "text,label\n\"a line,\nwith a comma, or\ntwo, three\nfour, 7\n\",0\nb,1\n").size() == 2);
}

TEST_CASE("blank lines are skipped; a word is said about those between rows") {
  const auto notes = [](const TableFormat& format, const std::string& text) {
    TextReader reader(text);
    return format.parse(reader, "a", format.look(text, "a", Labels::required, {}), [](Row&&) {});
  };
  CHECK(read(kCsv, "text,label\n\na,1\n\n \r\nb,2\n\n\n") == Texts{"a|1", "b|2"});
  CHECK(notes(kCsv, "text,label\n\na,1\n\n \r\nb,2\n\n\n") ==
        Texts{"a: 3 blank lines are skipped, the first is line 2"});
  CHECK(notes(kTsv, "text\tlabel\na\t1\n\nb\t2\n") == Texts{"a: blank line 3 is skipped"});
  CHECK(notes(kTsv, "text\tlabel\n\"a\tc\"\t1\n\nb\t2\n\n") == Texts{"a: blank line 3 is skipped"});
  CHECK(notes(kCsv, "text,label\na,1\n\n\n").empty());
  CHECK(read(kJsonl, "\n{\"text\":\"a\",\"label\":1}\n\n{\"text\":\"b\",\"label\":2}\n\n") == Texts{"a|1", "b|2"});
  CHECK(notes(kJsonl, "{\"text\":\"a\",\"label\":1}\n \n{\"text\":\"b\",\"label\":2}\n") ==
        Texts{"a: blank line 2 is skipped"});
}

TEST_CASE("line ends may be mixed, and CR alone ends lines where there is no LF") {
  CHECK(read(kCsv, "text,label\r\na,1\nb,2\r\nc,1\r") == Texts{"a|1", "b|2", "c|1"});
  CHECK(read(kTsv, "text\tlabel\r\na\t1\nb\t2\r") == Texts{"a|1", "b|2"});
  CHECK(read(kCsv, "text,label\r\n\"a\",\"1\"\r") == Texts{"a|1"});
  const Scratch scratch;
  CHECK(open_source(scratch.write("a.csv", "text,label\ra,1\rb,2\r"))->read().train.size() == 2);
}

TEST_CASE("a .json file holds one array of objects, or lines") {
  CHECK(read(kJson, "[\n {\"text\": \"}a{\\\"\", \"label\": 1},\n {\"label\": \"x\",\n\"text\": \"b\"}\n]\n") ==
        Texts{"}a{\"|1", "b|x"});
  CHECK(read(kJson, "{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":2}\n") == Texts{"a|1", "b|2"});
  const std::string row = "{\"text\": \"a\", \"label\": 1}";
  CHECK(contains(fault(kJson, "[" + row + " " + row + "]"), "must be ',' of a JSON array"));
  CHECK(contains(fault(kJson, "[" + row + "] x"), "must end with the array"));
  CHECK(contains(fault(kJson, "[" + row + ",\n{\"text\": NaN}]"), "a: line 2, column 10: not valid JSON"));
  CHECK(contains(fault(kJson, "[" + row + ",\n{\"text\": "), "a: line 2, column "));
  CHECK(contains(fault(kJson, "[" + row + ",\n 5]"), "a: line 2: must be an object of the array, got '5]'"));
  CHECK(contains(fault(kJson, "[]"), "an empty array"));
}

TEST_CASE("real numbers are no classes, whole ones are, however they are written") {
  const Scratch scratch;
  const auto names = [&](const std::string& content, const char* name = "a.csv") {
    return open_source(scratch.write(name, content))->read().label_names;
  };
  CHECK(names("text,label\na,0.0\nb,1.0\nc,1\n") == Texts{"0", "1"});
  const std::string mixed = scratch.write("m.csv", "text,label\na,0.5\nb,x\n");
  CHECK(open_source(mixed, {.answers = Answers::label})->read().label_names == Texts{"0.5", "x"});
  CHECK(names("text,label\na, x\nb,x \n") == Texts{"x"});
  CHECK(names("{\"text\":\"a\",\"label\":true}\n{\"text\":\"b\",\"label\":false}\n", "a.jsonl") ==
        Texts{"false", "true"});
  CHECK(names("{\"text\":\"a\",\"label\":1.0}\n{\"text\":\"b\",\"label\":0}\n", "a.jsonl") == Texts{"0", "1"});
  const std::string scores = scratch.write("b.csv", "text,score\na,1\nb,3e-1\n");
  const Corpus numbers = open_source(scores)->read();
  CHECK(numbers.answers == Answers::numbers);
  CHECK(numbers.label_names == Texts{"score"});
  CHECK(numbers.train[1].numbers == std::vector<float>{0.3f});
  CHECK(contains(error_text([&] { open_source(scores, {.answers = Answers::label})->read(); }),
                 "b.csv: line 3: labels are real numbers, such as 3e-1: for classes, give names or whole numbers"));
  std::string many = "text,label\n";
  for (int i = 0; i <= 10'000; ++i) many += "a,c" + std::to_string(i) + "\n";
  CHECK(contains(error_text([&] { names(many); }), "a.csv: line 10002: there must be at most 10000 different labels"));
}
