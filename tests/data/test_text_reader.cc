// Files that are read in a window: what is known of the whole, wherever a block ends.
#include <doctest/doctest.h>

#include "data/text_reader.h"
#include "engine/base/process.h"
#include "tests/data/support.h"
#include "tests/support/error_text.h"

using namespace ingot::data;
using ingot::test::contains;
using ingot::test::error_text;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMost = std::uint64_t{1} << 30;
constexpr std::size_t kBlock = std::size_t{1} << 20;  // in which files are read

std::string text_of(TextReader& reader) {
  std::string text;
  reader.rewind();
  for (std::string_view line; reader.next_line(line);) text += std::string(line) + "\n";
  return text;
}

std::string text_of_file(const std::string& file) {
  TextReader reader(fs::path(file), kMost);
  return text_of(reader);
}

// Lines of so many bytes in all.
std::string lines(std::size_t n_bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < n_bytes; ++i) text += fmt::format("line {} of a text\n", i);
  text.resize(n_bytes - 1);
  return text + "\n";
}

}  // namespace

TEST_CASE("a file is the same text whether it ends before, at or behind the end of a block, packed or not") {
  const Scratch scratch;
  for (const std::size_t n : {std::size_t{1}, kBlock - 1, kBlock, kBlock + 1, 3 * kBlock + 7}) {
    const std::string text = lines(n);
    TextReader reader(fs::path(scratch.write("a.txt", text)), kMost);
    CHECK(reader.size() == n);
    CHECK(reader.position() == 0);
    CHECK((text_of(reader) == text));
    CHECK(reader.position() == n);
    CHECK((text_of(reader) == text));
    CHECK((text_of_file(scratch.write("a.txt.gz", gzipped(text))) == text));
  }
  CHECK(text_of_file(scratch.write("empty.txt", "")).empty());
}

TEST_CASE("a character may lie across the end of a block, and a byte that is none is found there") {
  const Scratch scratch;
  for (const std::string character : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    for (std::size_t before = 0; before <= 4; ++before) {
      const std::string begin = lines(kBlock - before), text = begin + character + "\nend\n";
      CHECK((text_of_file(scratch.write("a.txt", text)) == text));
      // A character that is cut off, and what is the same byte twice, are said where the character begins.
      const auto n_lines = std::count(begin.begin(), begin.end(), '\n');
      const std::string place =
          fmt::format("a.txt: line {}: must be UTF-8, got byte 0x{:02x} at byte offset {} of the file", n_lines + 1,
                      static_cast<unsigned char>(character[0]), begin.size());
      const std::string half = character.substr(0, character.size() - 1);
      for (const std::string& wrong : {begin + half + "\nend\n", begin + half, begin + half + character})
        CHECK(contains(error_text([&] { text_of_file(scratch.write("a.txt", wrong)); }), place));
    }
  }
}

TEST_CASE("what is wrong far behind is said before the first row is taken") {
  const Scratch scratch;
  const std::string text = "text,label\n" + std::string(3 * kBlock, 'a') + ",1\nb,2\n\xff,1\n";
  bool taken = false;
  const auto refusal =
      error_text([&] { open_source(scratch.write("a.csv", text))->visit([&](Part, Example&&) { taken = true; }); });
  CHECK(contains(refusal, "a.csv: line 4: must be UTF-8, got byte 0xff at byte offset"));
  CHECK(!taken);
}

TEST_CASE("a damaged file is called damaged, not wrong text") {
  const Scratch scratch;
  std::string packed = gzipped("text,label\n\xff,1\n");
  CHECK(contains(error_text([&] { TextReader(fs::path(scratch.write("a.csv.gz", packed)), kMost); }),
                 "line 2: must be UTF-8"));
  packed[packed.size() - 6] ^= 1;
  CHECK(contains(error_text([&] { TextReader(fs::path(scratch.write("a.csv.gz", packed)), kMost); }),
                 "damaged: gzip says checksum"));
}

TEST_CASE("a byte order mark is no text, and lines that end with CR alone are lines, in every block") {
  const Scratch scratch;
  const std::string text = lines(2 * kBlock + 3);
  std::string old = text;
  std::replace(old.begin(), old.end(), '\n', '\r');
  const std::string file = scratch.write("a.txt", "\xef\xbb\xbf" + old);
  CHECK((text_of_file(file) == text));
  CHECK(TextReader(fs::path(file), kMost).size() == text.size());
  CHECK((text_of_file(scratch.write("a.txt", old + "b\n")) == old + "b\n"));  // one LF: CR is a character of the line
}

TEST_CASE("a row beyond its limit is refused by its line") {
  const Scratch scratch;
  const std::string sentence = "a row must have at most 64 MiB, got more; is a line end or a closing quote missing?";
  const std::string huge(kMostRowBytes + 2 * kBlock, 'a');
  const auto refusal = [&](const std::string& name, const std::string& text) {
    return error_text([&] { open_source(scratch.write(name, text))->read(); });
  };
  CHECK(contains(refusal("a.csv", "text,label\nb,1\n\"" + huge + "\",1\n"), "a.csv: line 3: " + sentence));
  CHECK(contains(refusal("a.tsv", "text\tlabel\nb\t1\n" + huge + "\t1\n"), "a.tsv: line 3: " + sentence));
  CHECK(contains(refusal("a.txt", "b\n" + huge), "a.txt: line 2: " + sentence));
  CHECK(contains(refusal("a.jsonl", "{\"text\":\"b\",\"label\":1}\n\n{\"text\":\"" + huge + "\"}\n"),
                 "a.jsonl: line 3: " + sentence));
  CHECK(contains(refusal("a.json", "[{\"text\":\"b\",\"label\":1},\n{\"text\":\"" + huge + "\"}]"),
                 "a.json: line 2: " + sentence));
}

TEST_CASE("a long row that fits is read whole") {
  const Scratch scratch;
  const std::string text = "a \"quote\"\n" + std::string(10 * kBlock, 'b');
  std::string quoted = text;
  quoted.replace(quoted.find("\"quote\""), 7, "\"\"quote\"\"");
  const Corpus corpus = open_source(scratch.write("a.csv", "text,label\n\"" + quoted + "\",1\nc,2\n"))->read();
  REQUIRE(corpus.train.size() == 2);
  CHECK((corpus.train[0].text == text));
}

TEST_CASE("a file that changes between two looks at it is an Error, and no text that is none") {
  const Scratch scratch;
  const std::string file = scratch.write("a.txt", lines(100));
  TextReader reader(fs::path(file), kMost);
  scratch.write("a.txt", "abc\n\xff\n");
  CHECK(contains(error_text([&] { text_of(reader); }), "a.txt: line 2: must be UTF-8"));
}

TEST_CASE("visit() says how far it has come with the files") {
  const Scratch scratch;
  const std::string table = "text,label\n" + std::string(3 * kBlock, 'a') + ",1\nb,2\n";
  scratch.write("f/train.csv", table);
  scratch.write("f/test.csv", "text,label\nc,2\n");
  const auto source = open_source((scratch.path() / "f").string());
  std::vector<std::uint64_t> done;
  source->visit([&](Part, Example&&) {
    CHECK(source->reading().of == table.size() + 15);
    done.push_back(source->reading().done);
  });
  REQUIRE(done.size() == 3);
  CHECK(done[0] >= 3 * kBlock);
  CHECK(done[1] == table.size());
  CHECK(done[2] == table.size() + 15);
  CHECK(open_source("glosses")->reading().of == 0);
}

TEST_CASE("a table far larger than a block is visited in the memory of a few blocks") {
  const Scratch scratch;
  const std::string file = (scratch.path() / "a.csv").string();
  std::size_t n_bytes = 0;
  {
    std::ofstream out(file, std::ios::binary);
    out << "text,label\n";
    const std::string block = [] {
      std::string rows;
      for (int i = 0; rows.size() < kBlock; ++i) rows += fmt::format("a short text {},{}\n", i, i % 2);
      return rows;
    }();
    for (int i = 0; i < 200; ++i) out << block;
    n_bytes = 200 * block.size();
  }
  const std::uint64_t before = ingot::engine::usage().peak_bytes;
  std::size_t n = 0;
  open_source(file)->visit([&](Part, Example&&) { ++n; });
  CHECK(n > 8'000'000);
  CHECK(ingot::engine::usage().peak_bytes - before < n_bytes / 4);
}
