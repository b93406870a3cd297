// Tables that are written: literal bytes, and read back by our readers and by a reader of RFC 4180 as Python's csv is.
#include <doctest/doctest.h>

#include <random>

#include "data/table_writer.h"
#include "engine/base/error.h"
#include "tests/data/support.h"

using namespace ingot::data;
using Names = std::vector<std::string>;
using Table = std::vector<Names>;

namespace {

TableRow row_of(const Names& fields, std::size_t line = 2) {
  TableRow row{.text = {}, .second = {}, .word_ends = {}, .line = line, .names = {}, .fields = {}};
  for (const std::string& field : fields) row.fields.push_back({field});
  return row;
}

// Reads as Python's csv module does with its defaults: a quote at the start of a field begins a quoted one.
Table parsed(std::string_view text, char separator) {
  Table table(1, Names(1));
  bool quoted = false, begins = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& field = table.back().back();
    if (quoted) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else if (c == '"') {
        quoted = false;
      } else {
        field += c;
      }
    } else if (c == '"' && begins) {
      quoted = true;
      begins = false;
    } else if (c == separator) {
      table.back().emplace_back();
      begins = true;
    } else if (c == '\n') {
      table.emplace_back(1);
      begins = true;
    } else {
      field += c;
      begins = false;
    }
  }
  table.pop_back();
  return table;
}

std::string random_field(std::mt19937& random) {
  const std::string parts[] = {"a", "the iron", ",", "\"",   "\n",   "\r", "\t",    ";",
                               "|", " ",        "é", "\r\n", "\"\"", "#",  "\x1b[", "null"};
  std::string field;
  for (std::size_t n = random() % 6; n > 0; --n) field += parts[random() % std::size(parts)];
  return field;
}

Table read_back(const Scratch& scratch, const std::string& name, const std::string& text) {
  const TableFile file(scratch.write(name, text), {.text = "text"});
  Table table{file.names()};
  file.read([&](TableRow&& row) {
    table.emplace_back();
    for (const Field& field : row.fields) table.back().push_back(field.text);
  });
  return table;
}

}  // namespace

TEST_CASE("fields with separators, quotes and line ends are in quotes, other ones are as they are") {
  const TableWriter csv(TableKind::csv, "f", {"id", "a,b", "x;y"}, {"label"});
  CHECK(csv.header() == "id,\"a,b\",\"x;y\",label\n");
  CHECK(csv.line(row_of({"1", "say \"no\"", "a;b"}), {{{"two\nlines", false}}}) ==
        "1,\"say \"\"no\"\"\",a;b,\"two\nlines\"\n");
  CHECK(csv.line(row_of({"", " ", "\r"}), {{{"null", true}}}) == ", ,\"\r\",\n");
  CHECK(csv.line(row_of({"", "\t", "x"}), {{{"[1,\n2]", true}}}) == ",\t,x,\"[1, 2]\"\n");
  const TableWriter tsv(TableKind::tsv, "f", {"id", "text"}, {"p"});
  CHECK(tsv.header() == "id\ttext\tp\n");
  CHECK(tsv.line(row_of({"a,b", "c\td"}), {{{"0.5", true}}}) == "a,b\t\"c\td\"\t0.5\n");
}

TEST_CASE("a blank text of a table with one column is no blank line, which would be passed over") {
  const Scratch scratch;
  for (const auto& [kind, name] : {std::pair{TableKind::csv, "one.csv"}, std::pair{TableKind::tsv, "one.tsv"}}) {
    const TableWriter writer(kind, "f", {"text"}, {});
    std::string written = writer.header();
    for (const char* text : {"", "a", " ", "\r", ""}) written += writer.line(row_of({text}), {});
    CHECK(written == "text\n\"\"\na\n\" \"\n\"\r\"\n\"\"\n");
    std::vector<std::string> texts;
    const TableFile file(scratch.write(name, written), {});
    file.read([&](TableRow&& row) { texts.push_back(row.text); });
    CHECK(texts == std::vector<std::string>{"", "a", " ", "\r", ""});
  }
}

TEST_CASE("JSON lines keep names, order and the spelling of numbers") {
  const Scratch scratch;
  const TableFile file(
      scratch.write("in.json",
                    "[{\"z\": 1e3, \"text\": \"a\\u00e9\\n\",\n \"k\": {\"b\": [1,\n 2], \"a\": \"}\\\"\"}},"
                    "\n {\"text\": \"b\"}]"),
      {});
  CHECK(file.names() == Names{"z", "text", "k"});
  CHECK(file.kind() == TableKind::jsonl);
  const TableWriter jsonl(TableKind::jsonl, "f", file.names(), {"label"});
  const TableWriter csv(TableKind::csv, "f", file.names(), {"label"});
  std::string lines, fields;
  file.read([&](TableRow&& row) {
    lines += jsonl.line(row, {{{"x\"y", false}}});
    fields += csv.line(row, {{{"1", true}}});
  });
  CHECK(lines ==
        "{\"z\": 1e3, \"text\": \"aé\\n\", \"k\": {\"b\": [1,  2], \"a\": \"}\\\"\"}, \"label\": \"x\\\"y\"}\n"
        "{\"text\": \"b\", \"label\": \"x\\\"y\"}\n");
  CHECK(fields == "1e3,\"aé\n\",\"{\"\"b\"\": [1,  2], \"\"a\"\": \"\"}\\\"\"\"\"}\",1\n,b,,1\n");
}

TEST_CASE("names of new columns give way to those that are there") {
  CHECK(free_names({"text"}, {"label", "probability"}) == Names{"label", "probability"});
  CHECK(free_names({"label", "label_predicted"}, {"label"}) == Names{"label_predicted_2"});
  CHECK(free_names({"s_predicted", "s_predicted_2"}, {"s_predicted", "s"}) == Names{"s_predicted_3", "s"});
  CHECK(free_names({}, {"a", "a"}) == Names{"a", "a_predicted"});
}

TEST_CASE("rows that do not fit the first are errors of their line") {
  TableRow row = row_of({"x", "y"}, 7);
  row.names = {"text", "new"};
  CHECK_THROWS_WITH_AS(TableWriter(TableKind::csv, "f.jsonl", {"text"}, {"label"}).line(row, {{{"l"}}}),
                       "f.jsonl: line 7: has the key new, which the first row has not: rows that differ can be written "
                       "as .jsonl",
                       ingot::engine::Error);
  row.names = {"text", "label"};
  CHECK_THROWS_WITH_AS(TableWriter(TableKind::jsonl, "f.jsonl", {"text"}, {"label"}).line(row, {{{"l"}}}),
                       "f.jsonl: line 7: has the key label, under which predictions are written, as the first row has "
                       "it not",
                       ingot::engine::Error);
  CHECK_THROWS_WITH_AS(TableWriter(TableKind::jsonl, "f.csv", {"a", "a"}, {}),
                       "f.csv: two columns are named a; an object of JSON has a name once", ingot::engine::Error);
  CHECK_THROWS_WITH_AS(
      TableWriter(TableKind::tsv, "f.csv", {"a", "b"}, {"l"}).line(row_of({"1\t2\t3\n", "4"}), {{{"5"}}}),
      doctest::Contains("would be a row of its own in a .tsv file"), ingot::engine::Error);
  CHECK_THROWS_WITH_AS(table_kind("out.csv.gz", "--out"), "--out: must end with .csv, .tsv or .jsonl, got 'out.csv.gz'",
                       ingot::engine::Error);
}

TEST_CASE("any fields are read back as they were, by ours and by a reader of RFC 4180") {
  const Scratch scratch;
  std::mt19937 random(7);
  int n_read = 0;
  for (int i = 0; i < 300; ++i) {
    Table table{{"text", "n" + random_field(random), "m" + random_field(random)}};
    for (std::size_t n = 1 + random() % 8; n > 0; --n)
      table.push_back({random_field(random), random_field(random), random_field(random)});
    for (const TableKind kind : {TableKind::csv, TableKind::tsv}) {
      const TableWriter writer(kind, "f", {table[0].begin(), table[0].end() - 1}, {table[0].back()});
      std::string text;
      try {
        text = writer.header();
        for (std::size_t r = 1; r < table.size(); ++r)
          text += writer.line(row_of({table[r].begin(), table[r].end() - 1}), {{{table[r].back()}}});
      } catch (const ingot::engine::Error&) {  // what no .tsv can say
        CHECK(kind == TableKind::tsv);
        continue;
      }
      ++n_read;
      CHECK(parsed(text, kind == TableKind::csv ? ',' : '\t') == table);
      CHECK(read_back(scratch, kind == TableKind::csv ? "t.csv" : "t.tsv", text) == table);
    }
  }
  CHECK(n_read > 500);
}

TEST_CASE("tables of every format, packed or not, give all of their columns") {
  const Scratch scratch;
  const std::string csv = "id;review\n1;\"a;b\"\n";
  const TableFile packed(scratch.write("in.csv.gz", gzipped(csv)), {});
  CHECK(packed.names() == Names{"id", "review"});
  CHECK(packed.notes() == Names{(scratch.path() / "in.csv.gz").string() + ": texts are column review"});
  CHECK(read_back(scratch, "in.tsv", "text\tb\n\"x\"\ty\n") == Table{{"text", "b"}, {"x", "y"}});
  CHECK(read_back(scratch, "in.txt", "a b\n\nc") == Table{{"text"}, {"a b"}, {""}, {"c"}});
  CHECK_THROWS_WITH_AS(TableFile(scratch.write("in.conll", "a O\n"), {}),
                       doctest::Contains("must be a .csv, .tsv, .jsonl, .json or .txt file"), ingot::engine::Error);
  CHECK_THROWS_AS(TableFile(scratch.path(), {}), ingot::engine::Error);
}
