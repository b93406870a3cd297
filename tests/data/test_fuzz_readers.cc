#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "data/glosses.h"
#include "data/imdb.h"
#include "data/table.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/base/utf8.h"
#include "tests/data/support.h"

using namespace ingot::data;
using ingot::engine::Error;
using ingot::engine::Rng;

namespace {

using Parser = std::function<void(std::string_view)>;

// Random bytes, or, so that parsers get further, random pieces of their own syntax.
std::string random_bytes(Rng& rng, const std::vector<std::string>& pieces) {
  std::string bytes;
  const bool syntax = rng.below(3) != 0;
  for (std::uint64_t n = rng.below(60); n > 0; --n) {
    bytes += syntax ? pieces[rng.below(pieces.size())] : std::string(1, static_cast<char>(rng.below(256)));
  }
  return bytes;
}

// `seed` with a few bytes changed, removed, repeated, inserted or swapped for pieces of syntax.
std::string mutated(std::string bytes, Rng& rng, const std::vector<std::string>& pieces) {
  for (std::uint64_t n = 1 + rng.below(4); n > 0; --n) {
    const std::size_t at = rng.below(bytes.size() + 1);
    const std::size_t length = rng.below(std::min<std::size_t>(bytes.size() - at, 16) + 1);
    switch (rng.below(5)) {
      case 0:
        bytes.erase(at, length);
        break;
      case 1:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 2:
        bytes.insert(at, pieces[rng.below(pieces.size())]);
        break;
      case 3:
        bytes.resize(at);
        break;
      default:
        if (at < bytes.size()) bytes[at] = static_cast<char>(rng.below(256));
    }
  }
  return bytes;
}

struct Outcomes {
  int results = 0;
  int errors = 0;
};

// A result or an Error; anything else fails the test. What was copied exactly makes reads past the end visible.
Outcomes fuzz(const Parser& parse, const std::string& seed, const std::vector<std::string>& pieces, int n_cases) {
  Rng rng(1, static_cast<std::uint64_t>(ingot::engine::Stream::test));
  Outcomes outcomes;
  for (int i = 0; i < n_cases; ++i) {
    const std::string bytes = i % 4 == 0 ? random_bytes(rng, pieces) : mutated(seed, rng, pieces);
    const std::vector<char> exact(bytes.begin(), bytes.end());
    try {
      parse({exact.data(), exact.size()});
      ++outcomes.results;
    } catch (const Error&) {
      ++outcomes.errors;
    }
  }
  return outcomes;
}

Parser table(const TableFormat& format, Labels labels, const ReadingOptions& options = {}) {
  return [=](std::string_view bytes) {
    ingot::engine::require_utf8_file(bytes, "a");
    const std::string_view text = ingot::engine::without_bom(bytes);
    // The oracle of what comes in blocks is the same text in one.
    const std::string whole = said_of(format, text, std::string_view::npos, labels, options);
    const std::size_t n_block_bytes = 1 + text.size() % 7;
    REQUIRE(said_of(format, text, n_block_bytes, labels, options) == whole);
    rows_of(format, text, "a", labels, options);
  };
}

void check_both_happened(const Outcomes& outcomes) {
  CHECK(outcomes.results > 20);
  CHECK(outcomes.errors > 20);
}

}  // namespace

TEST_CASE("random and damaged CSV and TSV is read or refused") {
  const std::string csv = "id,text,label\n1,\"a, \"\"b\"\"\nc\",x\r\n2,plain,y\n3,,x\n";
  std::string tsv = csv;
  std::replace(tsv.begin(), tsv.end(), ',', '\t');
  const std::vector<std::string> pieces{"\"", "\"\"", ",",     "\t", "\n",       "\r\n",
                                        "\r", "text", "label", "x",  "\xc3\xa9", ""};
  for (const Labels labels : {Labels::required, Labels::ignored}) {
    check_both_happened(fuzz(table(kCsv, labels), csv, pieces, 4000));
    check_both_happened(fuzz(table(kTsv, labels), tsv, pieces, 4000));
  }
}

TEST_CASE("random and damaged JSON lines are read or refused") {
  const std::string seed =
      "{\"text\": \"a\\u00e9\\n\", \"label\": \"x\"}\n{\"text\": \"\", \"label\": -12, \"k\": [{}, 1e3]}\n";
  const std::vector<std::string> pieces{"{",  "}",  "[",       "]",     ":", ",",    "\"text\"", "\"label\"",
                                        "\"", "\\", "\\ud800", "1e999", "-", "null", "true",     "99999999999999999999",
                                        "\n", " "};
  check_both_happened(fuzz(table(kJsonl, Labels::required), seed, pieces, 6000));
}

TEST_CASE("random and damaged JSON arrays are read or refused") {
  const std::string seed =
      "[{\"text\": \"a}\", \"label\": \"x\"},\n {\"text\": \"{\\\"\", \"label\": 1, \"k\": [{}]}]\n";
  const std::vector<std::string> pieces{"{", "}", "[", "]", ":", ",", "\"text\"", "\"label\"", "\"", "\\", "\n", " "};
  check_both_happened(fuzz(table(kJson, Labels::required), seed, pieces, 6000));
}

TEST_CASE("random and damaged words with tags are read or refused") {
  const std::string seed = "-DOCSTART- O\n\nthe O\nEU B-ORG\r\n\n# a comment\nx\ty\n";
  const std::vector<std::string> pieces{"\n", "\r\n", "\t", " ", "#", "-DOCSTART-", "O", "B-X", "w", "\xc3\xa9"};
  check_both_happened(fuzz(table(kConll, Labels::required), seed, pieces, 6000));
}

TEST_CASE("random lines are read") {
  const auto outcomes = fuzz(table(kLines, Labels::ignored), "a\n\nb\r\nc", {"\n", "\r", "a", "\xc3\xa9"}, 2000);
  CHECK(outcomes.results > 500);
}

TEST_CASE("random columns and separators are read or refused") {
  const std::string seed = "Review;Sentiment|id\nfine; good|1\n\"bad\";poor|2\n";
  const std::vector<std::string> pieces{"\"", ";",    "|",     "\t",    ",",         "\n",        "\r",
                                        " ",  "text", "Label", "title", "sentence1", "sentence2", "1.5"};
  for (const char* separator : {"", ";", "|", "tab"}) {
    for (const char* text : {"", "review", "title+text"}) {
      const ReadingOptions options{.text = text, .label = "", .separator = separator};
      fuzz(table(kCsv, Labels::required, options), seed, pieces, 1000);
    }
  }
  check_both_happened(
      fuzz(table(kCsv, Labels::required, {.separator = ";"}), "review;class\na;b\n", {"a", ";", "\n"}, 2000));
}

TEST_CASE("random and damaged gzip is read or refused") {
  const Scratch scratch;
  const std::string packed = gzipped("text,label\none,1\ntwo,2\nthree,1\n");
  const auto outcomes =
      fuzz([&](std::string_view bytes) { open_source(scratch.write("a.csv.gz", std::string(bytes)))->read(); }, packed,
           {"\x1f\x8b\x08", std::string(4, '\0'), "text", "\n"}, 800);
  CHECK(outcomes.errors > 100);
}

TEST_CASE("JSON nested a hundred thousand deep is refused") {
  const std::string deep = "{\"text\": \"a\", \"label\": 1, \"x\": " + std::string(100000, '[');
  CHECK_THROWS_AS(rows_of(kJsonl, deep, "a"), Error);
  CHECK_THROWS_AS(rows_of(kJsonl, deep + std::string(100000, ']') + "}", "a"), Error);
}

TEST_CASE("random and damaged glosses are read or refused") {
  const std::string seed =
      "  1 licence  \n00001740 03 n 01 entity 0 003 ~ 00001930 n 0000 | that which is perceived; \"an example\"  \n"
      "00001930 28 n 01 physical_entity 0 001 @ 00001740 n 0000 | an entity  \n";
  const std::vector<std::string> pieces{"00001740", "03", "28", " n ",  " | ", "|",
                                        " ",        "  ", "\n", "\r\n", "-1",  "word"};
  check_both_happened(fuzz([](std::string_view bytes) { parse_glosses(bytes, "a"); }, seed, pieces, 6000));
}

TEST_CASE("random and damaged archives are read or refused") {
  const std::vector<Member> members{{"aclImdb/train/neg/0_1.txt", "a"},
                                    {"aclImdb/train/pos/0_9.txt", std::string(700, 'b')},
                                    {"aclImdb/test/neg/0_1.txt", "c"},
                                    {"aclImdb/test/pos/0_9.txt", "d"}};
  const std::vector<std::string> pieces{std::string(512, '\0'),
                                        "ustar",
                                        "\x1f\x8b\x08",
                                        "BZh9",
                                        "\xfd"
                                        "7zXZ",
                                        "0_1.txt",
                                        "train/neg/",
                                        "77777777777",
                                        "\x80",
                                        "x",
                                        "L",
                                        "S"};
  const Parser parse = [](std::string_view bytes) { read_imdb_archive(bytes, "a", 1 << 30); };
  check_both_happened(fuzz(parse, make_archive(members, "none"), pieces, 3000));
  for (const char* filter : {"gzip", "bzip2", "xz", "zstd", "lz4"}) {
    CHECK(fuzz(parse, make_archive(members, filter), pieces, 300).errors > 100);
  }
}
