// predict and embed as users meet them: every task, lines, pairs and tables.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "cli/line_results.h"
#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::text_of_file;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

constexpr const char* kWords[] = {"iron", "steel", "copper", "apple", "plum", "cherry"};

// A model of one task that learned for an instant, in the folder run.
void train(const Workplace& place, const std::string& task) {
  std::string table;
  std::string file = "own.csv";
  for (int i = 0; i < 60; ++i) {
    const char *word = kWords[i % 6], *other = kWords[(i * 5 + 1) % 6];
    const bool small = i % 4 == 0, metal = i % 6 < 3;
    if (task == "multi-label") {
      file = "own.jsonl";
      const char* const labels[] = {"[]", "[\"small\"]", "[\"metal\"]", "[\"metal\",\"small\"]"};
      table += fmt::format("{{\"text\": \"the {} is {}\", \"labels\": {}}}\n", word, small ? "small" : "large",
                           labels[2 * metal + small]);
    } else if (task == "regression") {
      table += i == 0 ? "text,score,weight\n" : "";
      table += fmt::format("the {} is here,{},{}\n", word, 0.5 * (i % 6), i % 6 - 0.25);
    } else if (task == "tokens") {
      file = "own.jsonl";
      table +=
          fmt::format("{{\"tokens\": [\"the\", \"{}\", \"is\", \"{}\"], \"tags\": [\"O\", \"{}\", \"O\", \"{}\"]}}\n",
                      word, other, i % 6 < 3 ? "B-M" : "B-F", (i * 5 + 1) % 6 < 3 ? "B-M" : "B-F");
    } else {  // pairs
      table += i == 0 ? "sentence1,sentence2,label\n" : "";
      table += fmt::format("the {},the {},{}\n", word, other, i % 3 == 0 ? "same" : "other");
    }
  }
  place.write(file, table);
  std::string options = task == "embedding" || task == "regression" ? " --task " + task : "";
  if (task == "regression") options += " --label score,weight";
  const Outcome outcome = place.run(
      "train --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 12 --batch 8 --epochs 2 --lr "
      "1e-2 --truncation head --validation 10 --quiet --out run --data " +
      file + options);
  INFO(outcome.error);
  REQUIRE(outcome.code == 0);
}

Outcome good(const Workplace& place, const std::string& words, const std::string& input = "") {
  const Outcome outcome = place.run(words, input);
  INFO(words, ": ", outcome.error);
  CHECK(outcome.code == 0);
  return outcome;
}

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> all;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    all.push_back(Json::parse(text.substr(at, text.find('\n', at) - at)));
  return all;
}

Json answers(const Workplace& place, const std::string& words, const std::string& input = "") {
  return Json::parse(good(place, words + " --json", input).out)["predictions"];
}

// Numbers in a table have the digits of floats.
bool same_float(const Json& a, const Json& b) {
  return static_cast<float>(a.get<double>()) == static_cast<float>(b.get<double>());
}

}  // namespace

TEST_CASE("each task answers lines and rows alike, in its own terms") {
  const std::string texts[] = {"the iron is small", "the plum", "the cherry is here the steel is the iron"};
  std::string lines, rows = "id,text,label\n";
  for (const std::string& text : texts) {
    lines += text + "\n";
    rows += fmt::format("{},{},\"old, one\"\n", rows.size(), text);
  }
  for (const std::string task : {"single-label", "multi-label", "regression", "tokens"}) {
    INFO(task);
    const Workplace place;
    if (task == "single-label") {
      REQUIRE(place.run(Workplace::train("--out run")).code == 0);
    } else {
      train(place, task);
    }
    place.write("in.csv", rows);
    const Json all = answers(place, "predict run", lines);
    const Outcome plain = good(place, "predict run", lines);
    good(place, "predict run --data in.csv --out out.jsonl");
    good(place, "predict run --data out.jsonl --out again.csv");  // predictions beside predictions
    const std::vector<Json> table = json_lines(text_of_file(place / "out.jsonl"));
    REQUIRE(table.size() == 3);
    std::string said;
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(table[i]["text"] == texts[i]);
      CHECK(table[i]["label"] == "old, one");
      if (task == "single-label") {
        CHECK(table[i]["label_predicted"] == all[i]["label"]);
        CHECK(same_float(table[i]["probability"], all[i]["probability"]));
        said += fmt::format("{}\t{:.4f}\n", all[i]["label"].text(), all[i]["probability"].get<double>());
      } else if (task == "multi-label") {
        CHECK(table[i]["labels"] == all[i]["labels"]);
        for (std::size_t j = 0; j < all[i]["labels"].size(); ++j)
          said += (j > 0 ? "," : "") + all[i]["labels"][j].text();
        for (const auto& [label, p] : all[i]["probabilities"].items()) {
          bool given = false;
          for (const Json& one : all[i]["labels"]) given = given || one == label;
          CHECK((p.get<double>() > 0.5) == given);
        }
        said += "\n";
      } else if (task == "regression") {
        CHECK(same_float(table[i]["score_predicted"], all[i]["numbers"]["score"]));
        CHECK(same_float(table[i]["weight_predicted"], all[i]["numbers"]["weight"]));
        said += fmt::format("{}\t{}\n", static_cast<float>(all[i]["numbers"]["score"].get<double>()),
                            static_cast<float>(all[i]["numbers"]["weight"].get<double>()));
      } else {
        CHECK(table[i]["tags"] == all[i]["tags"]);
        for (std::size_t j = 0; j < all[i]["tags"].size(); ++j) said += (j > 0 ? " " : "") + all[i]["tags"][j].text();
        said += "\n";
      }
    }
    CHECK(plain.out == said);
    CHECK(good(place, "predict run --data in.csv --quiet --out -").out.starts_with("id,text,label,"));
  }
}

TEST_CASE("words beyond the length are said once and are outside of entities") {
  const Workplace place;
  train(place, "tokens");
  const Outcome outcome = good(place, "predict run --length 4 'the iron is small' 'the plum' '  '");
  CHECK(contains(outcome.error, "1 of 3 texts are longer than 4 tokens"));
  CHECK(contains(outcome.error, "2 words beyond that length are tagged as outside of all entities"));
  const std::size_t end = outcome.out.find('\n');
  CHECK(outcome.out.substr(0, end).ends_with(" O O"));
  CHECK(outcome.out.ends_with("\n\n"));  // a text without words
  const Json all = answers(place, "predict run --length 4 'the iron is small'");
  CHECK(all[0]["words"] == Json{"the", "iron", "is", "small"});
  CHECK(all[0]["probabilities"][3].is_null());
}

TEST_CASE("a model of pairs knows that it is one, and a line without its tab is a fault of that line") {
  const Workplace place;
  train(place, "pairs");
  const Outcome outcome = place.run("predict run --quiet", "the iron\tthe plum\nthe iron\nthe\t \na\tb\tc\n");
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.error, "line 2: must be a pair of texts with one tab between, got 0 tabs\n"));
  CHECK(contains(outcome.error, "line 3: both texts of a pair must have content, the second has none\n"));
  CHECK(contains(outcome.error, "line 4: must be a pair of texts with one tab between, got 2 tabs\n"));
  CHECK(outcome.out.ends_with("\n\t\n\t\n\t\n"));
  place.write("in.csv", "premise,hypothesis\nthe iron,the plum\n");
  good(place, "predict run --data in.csv --out out.jsonl --quiet");
  const Json row = json_lines(text_of_file(place / "out.jsonl"))[0];
  const Json all = answers(place, "predict run", "the iron\tthe plum\n");
  CHECK(row["label"] == all[0]["label"]);
  CHECK(same_float(row["probability"], all[0]["probability"]));
  const Outcome single = place.run("predict run --data train.csv");
  CHECK(single.code == 2);
  CHECK(contains(single.error, "train.csv: must have two columns of texts, as the model was trained on pairs"));
  // What the folder says survives an export; a model that does not say it is told by an option.
  good(place, "export run hf");
  CHECK(place.run("predict hf --quiet", "the iron\n").code == 2);
  std::string config = text_of_file(place / "hf/tokenizer_config.json");
  const std::string mark = "\"ingot_pairs\": true";
  config.replace(config.find(mark), mark.size(), "\"ingot_pairs\": false");
  place.write("hf/tokenizer_config.json", config);
  CHECK(place.run("predict hf --quiet", "the iron\n").code == 0);
  CHECK(answers(place, "predict hf --pairs", "the iron\tthe plum\n") == all);
}

TEST_CASE("tables keep their columns and get those that are asked for") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  place.write("in.tsv", "nr\tthe \"text\"\n1\t\"the iron\nis \x1b[31mred\"\n2\tthe, plum\n");
  const std::string how = "predict run --quiet --data in.tsv --text 'the \"text\"' ";
  good(place, how + "--out out.csv --top-k 2 --probabilities");
  const std::string out = text_of_file(place / "out.csv");
  CHECK(
      out.starts_with("nr,\"the \"\"text\"\"\",label,probability,label_2,probability_2,p(fruit),p(metal)\n"
                      "1,\"the iron\nis \x1b[31mred\",metal,0."));
  CHECK(contains(out, "\n2,\"the, plum\",fruit,0."));
  CHECK(good(place, how).out.starts_with("nr\tthe \"text\"\tlabel\tprobability\n1\t") == false);  // a quote: quoted
  CHECK(good(place, how).out.starts_with("nr\t\"the \"\"text\"\"\"\tlabel\tprobability\n1\t"));
  CHECK(cli::table_for_terminal(out.substr(out.find("1,"))).starts_with("1,\"the iron\nis \\x1b[31mred\",metal,0."));
  CHECK(cli::table_for_terminal("a\tb\r\n\x07") == "a\tb\\r\n\\x07");
}

TEST_CASE("a bad row is named by file and line, and what was there stays") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  place.write("out.csv", "before\n");
  std::string rows = "text,b\n";
  for (int i = 0; i < 5000; ++i) rows += "the iron,x\n";
  place.write("bad.csv", rows + "the plum\n");
  place.write("pair.csv", "premise,hypothesis\na,b\n , c\n");
  const std::pair<const char*, const char*> cases[] = {
      {"--data bad.csv --out out.csv", "bad.csv: line 5002: a row must have 2 fields as the header has, got 1"},
      {"--data pair.csv --out out.csv", "pair.csv: line 3: both texts of a pair must have content, the first has none"},
      {"--data none.csv --out out.csv", "data: no file or folder 'none.csv'"},
      {"--data train.csv --out out.xlsx", "--out: must end with .csv, .tsv or .jsonl, got 'out.xlsx'"},
      {"--data train.csv --text nothing", "--text nothing: no column has that name"},
      {"--data train.csv --json", "--json: would share standard output with the table"},
      {"--data run", "must be a .csv, .tsv, .jsonl, .json or .txt file"},
      {"--data train.csv x", "--data: has the texts"},
      {"--data train.csv --pairs", "--pairs: is about lines"},
      {"--out out.csv x", "--out: is about --data"},
      {"--probabilities x", "--probabilities: is about --data"}};
  for (const auto& [words, message] : cases) {
    const Outcome outcome = place.run(std::string("predict run --quiet ") + words);
    INFO(words, ": ", outcome.error);
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.error, message));
    CHECK(text_of_file(place / "out.csv") == "before\n");
  }
  CHECK(std::distance(fs::directory_iterator(place / "."), fs::directory_iterator()) <= 12);  // nothing is left behind
}

TEST_CASE("memory grows with the text of a table and no more, and its reader may stop") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  for (const int n : {100, 10000}) {
    std::string rows = "text\n";
    for (int i = 0; i < n; ++i) rows += fmt::format("the iron number is {}\n", i % 7);
    place.write(fmt::format("{}.csv", n), rows);
  }
  const auto kilobytes = [&](int n) {
    const Outcome outcome = place.run(fmt::format("predict run --json --out out.csv --data {}.csv", n));
    REQUIRE(outcome.code == 0);
    CHECK(Json::parse(outcome.out)["rows"] == n);
    return Json::parse(outcome.out)["peak_memory_bytes"].get<double>() / 1024;
  };
  const double few = kilobytes(100), many = kilobytes(10000);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  MESSAGE("skipped: memory, since sanitizers keep what was released: ", few, " and ", many, " kB");
#else
  CHECK(many - few < 8000);  // 200 kB of text, 2,048 rows in work
#endif
  const std::string out = text_of_file(place / "out.csv");
  CHECK(std::count(out.begin(), out.end(), '\n') == 10001);
  const Outcome cut =
      place.run("predict run --quiet --data 10000.csv 2>said | head -1 >first; exit ${PIPESTATUS[0]}; :");
  CHECK(cut.code == 128 + SIGPIPE);
  CHECK(text_of_file(place / "said").empty());
  CHECK(text_of_file(place / "first") == "text,label,probability\n");
}

TEST_CASE("embed writes vectors of length 1 in every format, in the order of the texts") {
  const Workplace place;
  train(place, "embedding");
  const Outcome refused = place.run("predict run x");
  CHECK(refused.code == 2);
  CHECK(contains(refused.error, "the task of the model is embedding, which answers with vectors: `ingot embed`"));
  const std::string lines = "the iron\n\nthe cherry is small\n";
  place.write("in.csv", "text,n\nthe iron,1\n\"\",2\nthe cherry is small,3\n");
  std::string bytes;  // of three rows
  for (const Json& line : json_lines(good(place, "embed run", lines).out)) {
    double square = 0;
    for (const Json& value : line["embedding"]) {
      const auto number = static_cast<float>(value.get<double>());
      square += std::pow(static_cast<double>(number), 2);
      bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    CHECK(square == doctest::Approx(1));
  }
  REQUIRE(bytes.size() == 3 * 16 * 4);
  for (const std::string how : {"--out v.npy", "--out v.npy --data in.csv"}) {
    good(place, "embed run " + how, lines);
    const std::string npy = text_of_file(place / "v.npy");
    CHECK(npy.starts_with(std::string("\x93NUMPY\x01\0\x76\0", 10) +
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 16), }"));
    CHECK(npy.substr(128) == bytes);
  }
  CHECK(Json::parse(good(place, "embed run --out v.safetensors --json", lines).out)["texts"] == 3);
  const engine::Safetensors tensors(place / "v.safetensors");
  const auto stored = tensors.get("embeddings", "F32", std::vector<std::int64_t>{3, 16}).bytes;
  CHECK(std::memcmp(stored.data(), bytes.data(), bytes.size()) == 0);
  good(place, "embed run --data in.csv --out v.jsonl");
  CHECK(text_of_file(place / "v.jsonl") == good(place, "embed run --data in.csv").out);
  CHECK(Json::parse(good(place, "embed run a b --json").out)["embeddings"].size() == 2);

  const Outcome bad = place.run("embed run --out v.npy", "the iron\n\xff\n");
  CHECK(bad.code == 2);
  CHECK(contains(bad.error, "line 2: must be UTF-8"));
  CHECK(text_of_file(place / "v.npy").substr(128) == bytes);
  CHECK(contains(place.run("embed run --out v.bin x").error, "--out: must end with .npy, .safetensors or .jsonl"));
  CHECK(contains(place.run("embed run --data own.csv").error, "has pairs of texts; name the column to embed"));
}

TEST_CASE("models without vectors of their own embed by the mean of their hidden states, which is said") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const Outcome outcome = good(place, "embed run 'the iron'");
  CHECK(contains(outcome.error, "has not learned to embed texts: their vectors are the means of its last hidden"));
  CHECK(json_lines(outcome.out)[0]["embedding"].size() == 16);
}

TEST_CASE("answers in integers are those of the fake-quantised model, for every task") {
  for (const std::string task : {"multi-label", "regression", "tokens", "embedding"}) {
    INFO(task);
    const Workplace place;
    train(place, task);
    const std::string data = fs::exists(place / "own.csv") ? "own.csv" : "own.jsonl";
    const std::string labels = task == "regression" ? " --label score,weight" : "";
    good(place, "quantize run --quiet --width 8 --out q8 --data " + data + labels);
    const std::string command = task == "embedding" ? "embed q8 --quiet " : "predict q8 --quiet ";
    const Outcome integers = good(place, command + "--integer", "the iron is small\nthe plum\n");
    CHECK(std::count(integers.out.begin(), integers.out.end(), '\n') == 2);
    CHECK(integers.out == good(place, command, "the iron is small\nthe plum\n").out);
  }
}
