// Files as they lie on disks: parts of a folder, gzip, encodings, limits.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "data/imdb.h"
#include "data/readers.h"
#include "engine/base/error.h"
#include "tests/data/support.h"
#include "tests/support/error_text.h"

using namespace ingot::data;
using ingot::engine::Error;
using ingot::test::contains;
using ingot::test::error_text;
namespace fs = std::filesystem;

namespace {

using Texts = std::vector<std::string>;

const std::string kTable = "text,label\na,x\nb,y\n";

Corpus read(const std::string& where, const ReadingOptions& options = {}) {
  return open_source(where, options)->read();
}

}  // namespace

TEST_CASE("a validation part may have any of its usual names, in any format") {
  for (const char* name : {"validation.csv", "valid.csv.gz", "dev.tsv", "val.jsonl", "dev.json"}) {
    const Scratch scratch;
    scratch.write("train.csv", kTable);
    const std::string file = name;
    const std::string rows = file.find("csv") != file.npos   ? "text,label\nc,y\n"
                             : file.find("tsv") != file.npos ? "text\tlabel\nc\ty\n"
                                                             : "{\"text\":\"c\",\"label\":\"y\"}\n";
    scratch.write(file, file.ends_with(".gz") ? gzipped(rows) : rows);
    CAPTURE(name);
    CHECK(read(scratch.path().string()).validation == std::vector<Example>{{"c", 1}});
    CHECK(open_source(scratch.path().string())->notes().empty());
  }
  const Scratch scratch;
  scratch.write("train.csv", kTable);
  scratch.write("validation.csv", kTable);
  const auto before = open_source(scratch.path().string())->fingerprint();
  scratch.write("validation.csv", kTable + "c,x\n");
  CHECK(open_source(scratch.path().string())->fingerprint() != before);
  scratch.write("validation.csv", "text,label\nc,z\n");
  CHECK(contains(error_text([&] { read(scratch.path().string()); }),
                 "validation.csv: line 2: a label must be one of the 2"));
  scratch.write("dev.csv", kTable);
  CHECK(contains(error_text([&] { read(scratch.path().string()); }),
                 "must hold one file validation.*, got validation.csv and dev.csv"));
}

TEST_CASE("files that are named as parts are the corpus that a folder of them is") {
  const Scratch scratch;
  const std::string train = scratch.write("f/train.csv", kTable);
  const std::string validation = scratch.write("f/dev.csv.gz", gzipped("text,label\nc,y\n"));
  const std::string test = scratch.write("f/test.jsonl", "{\"text\":\"d\",\"label\":\"x\"}\n");
  const auto opened = open_parts({train, validation, test});
  CHECK(opened->read() == read((scratch.path() / "f").string()));
  CHECK(opened->name() == train);
  CHECK(opened->notes().empty());
  CHECK(open_parts({train, "", ""})->fingerprint() == open_source(train)->fingerprint());
  CHECK(open_parts({train, "", test})->read().validation.empty());
}

TEST_CASE("the fingerprint of named parts is of their content and their places in the corpus, not of the files'") {
  const Scratch scratch;
  const std::string a = scratch.write("a.csv", kTable), b = scratch.write("b.csv", kTable + "c,x\n");
  const std::uint64_t whole = open_parts({a, b, b})->fingerprint();
  for (const PartFiles& other : {PartFiles{a, b, ""}, PartFiles{a, "", b}, PartFiles{b, a, b}, PartFiles{a, b, a}})
    CHECK(open_parts(other)->fingerprint() != whole);
  CHECK(open_parts({a, b, b}, {.text = "text"})->fingerprint() != whole);
  const std::string moved = scratch.write("elsewhere/c.csv", kTable + "c,x\n");
  CHECK(open_parts({a, moved, b})->fingerprint() == whole);
  scratch.write("b.csv", kTable + "c,y\n");
  CHECK(open_parts({a, b, b})->fingerprint() != whole);
}

TEST_CASE("what is no table with labels is no part") {
  const Scratch scratch;
  const std::string table = scratch.write("a.csv", kTable), texts = scratch.write("a.txt", "a\n");
  const auto refusal = [](const PartFiles& files) { return error_text([&] { open_parts(files)->read(); }); };
  CHECK(contains(refusal({scratch.path().string(), "", ""}), ": a part must be a .csv, .tsv, .jsonl, .json or .conll"));
  CHECK(contains(refusal({table, scratch.write("a.parquet", "PAR1"), ""}), "a.parquet: a part must be a .csv"));
  CHECK(contains(refusal({table, "", texts}), "a.txt: must be a table with labels, is a list of texts"));
  CHECK(contains(refusal({table, "", (scratch.path() / "no.csv").string()}), "no file or folder '"));
  CHECK(contains(refusal({table, "", scratch.write("b.csv", "text,id\na,1\n")}), "b.csv: line 1: "));
  CHECK(contains(refusal({table, "", scratch.write("b.csv", "text,label\na,z\n")}),
                 "b.csv: line 2: a label must be one of the 2 of the training part, got 'z'"));
  CHECK(contains(refusal({table, "", scratch.write("b.csv", "premise,hypothesis,label\na,b,x\n")}),
                 "b.csv: must have single texts as the training part has, got pairs"));
}

TEST_CASE("what looks like data and is not used is named") {
  const Scratch scratch;
  scratch.write("train.csv", kTable);
  scratch.write("extra.csv", kTable);
  scratch.write("train.txt", "a\n");
  scratch.write("more.parquet", "PAR1");
  scratch.write("dev/a.csv", kTable);
  scratch.write(".hidden.csv", kTable);
  scratch.write("README.md", "words");
  scratch.write("test.tsv", "index\tsentence\n0\tc\n");
  const Texts notes = open_source(scratch.path().string())->notes();
  REQUIRE(notes.size() == 2);
  CHECK(notes[0].ends_with("test.tsv: has no column of labels and is not used"));
  CHECK(notes[1].ends_with(": not used: dev/, extra.csv, more.parquet, train.txt"));
  CHECK(read(scratch.path().string()).test.empty());
}

TEST_CASE("a folder among the reviews of an archive that is no part of IMDb is named") {
  const std::vector<Member> members{{"train/neg/0_1.txt", "a"}, {"train/pos/0_9.txt", "b"}, {"test/neg/0_1.txt", "c"},
                                    {"test/pos/0_9.txt", "d"},  {"valid/pos/0_9.txt", "e"}, {"README", "f"}};
  CHECK(read_imdb_archive(make_archive(members, "gzip"), "a", 1 << 20).notes == Texts{"a: not used: valid/pos/"});
}

TEST_CASE("every format is read under gzip as it is without") {
  const Scratch scratch;
  const std::pair<const char*, std::string> files[] = {
      {"a.csv", kTable},
      {"a.TSV", "text\tlabel\na\tx\nb\ty\n"},
      {"a.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"y\"}\n"},
      {"a.json", "[{\"text\":\"a\",\"label\":\"x\"},{\"text\":\"b\",\"label\":\"y\"}]"},
      {"a.txt", "a\nb\n"}};
  for (const auto& [name, content] : files) {
    CAPTURE(name);
    const Corpus plain = read(scratch.write(name, content));
    CHECK(read(scratch.write(std::string(name) + ".gz", gzipped(content))) == plain);
    CHECK(plain.train.size() + plain.unlabelled.size() == 2);
  }
  CHECK(contains(error_text([&] { read(scratch.write("b.csv.gz", kTable)); }),
                 "b.csv.gz: must be compressed by gzip, as its name"));
  std::string damaged = gzipped(kTable);
  damaged[damaged.size() - 6] ^= 1;
  CHECK(
      contains(error_text([&] { read(scratch.write("b.csv.gz", damaged)); }), "b.csv.gz: damaged: gzip says checksum"));
  CHECK(contains(error_text([&] { read(scratch.write("b.csv.gz", gzipped(kTable).substr(0, 20))); }), "b.csv.gz: "));
  CHECK(contains(error_text([&] { read(scratch.write("b.csv.gz", gzipped(kTable) + gzipped(kTable))); }),
                 "one gzip stream is read"));
  const auto about = [&](const std::string& packed) {
    return error_text([&] { read(scratch.write("b.csv.gz", packed)); });
  };
  CHECK(contains(about(gzipped("")), "b.csv.gz: must begin with a line that names the columns, got nothing"));
  CHECK(contains(about(gzipped("") + "x"), "b.csv.gz: truncated or damaged: gzip says"));
  CHECK(contains(about(gzipped("").substr(0, 15)), "b.csv.gz: "));
  damaged = gzipped("");
  damaged[10] = '\7';  // no kind of block that deflate has
  CHECK(contains(about(damaged), "b.csv.gz: must be compressed by gzip: gzip decompression failed"));
  CHECK(contains(about(""), "b.csv.gz: must be compressed by gzip, as its name says, got ''"));
}

TEST_CASE("what is no text in UTF-8 is called by its name") {
  const Scratch scratch;
  std::string wide;
  for (const char c : kTable) wide += {c, '\0'};
  const std::pair<std::string, const char*> cases[] = {
      {"\xff\xfe" + wide, "is UTF-16; convert it: iconv"},
      {"\xfe\xff", "is UTF-16; convert it: iconv"},
      {wide, "looks like UTF-16 or UTF-32"},
      {gzipped(kTable), "is compressed by gzip; its name must end with .gz"},
      {"PK\x03\x04...", "is a zip archive (as spreadsheets are)"},
      {"PAR1....", "is Parquet"}};
  for (const auto& [content, message] : cases) {
    for (const char* name : {"b.csv", "b.tsv", "b.jsonl", "b.txt", "b.json"})
      CHECK(contains(error_text([&] { read(scratch.write(name, content)); }),
                     std::string(name) + ": must be text in UTF-8, "));
    CHECK(contains(error_text([&] { read(scratch.write("b.csv", content)); }), message));
  }
}

TEST_CASE("a corpus beyond its limit is refused, packed or not, in one file or several") {
  const Scratch scratch;
  const std::uint64_t most = 1 << 20;
  const std::string fits = kTable + std::string(most - kTable.size() - 4, 'a') + ",x\n";
  CHECK(read(scratch.write("a.csv", fits), {.most_bytes = most}).train.size() == 3);
  const std::string sentence = ": must have at most 1 MiB, which is the limit of --data-limit, got more";
  CHECK(contains(error_text([&] { read(scratch.write("a.csv", "text,label\n" + fits), {.most_bytes = most}); }),
                 "a.csv" + sentence));
  const std::string bomb = gzipped(kTable + std::string(40 << 20, 'a') + ",x\n");
  CHECK(bomb.size() < 200'000);
  CHECK(contains(error_text([&] { read(scratch.write("a.csv.gz", bomb), {.most_bytes = most}); }),
                 "a.csv.gz: must unpack to at most 1 MiB"));
  const std::string archive = make_archive({{"train/neg/0_1.txt", std::string(40 << 20, 'a')}}, "gzip");
  CHECK(contains(error_text([&] { read(scratch.write("a.tar.gz", archive), {.most_bytes = most}); }),
                 "a.tar.gz: must unpack to at most 1 MiB"));
  scratch.write("f/train.csv", fits);
  scratch.write("f/test.csv", kTable);
  CHECK(contains(error_text([&] { read((scratch.path() / "f").string(), {.most_bytes = most}); }),
                 "test.csv: must have at most"));
}

TEST_CASE("a file far larger than memory is refused before it is read") {
  const Scratch scratch;
  const std::string file = scratch.write("a.csv", kTable);
  fs::resize_file(file, std::uintmax_t{1} << 40);
  CHECK(contains(error_text([&] { read(file); }), "which is the limit of --data-limit, got more"));
}

TEST_CASE("a header of millions of columns and a row of millions of fields are refused") {
  const Scratch scratch;
  const std::string commas(3'000'000, ',');
  CHECK(contains(error_text([&] { read(scratch.write("a.csv", commas)); }),
                 "a.csv: line 1: must have at most 4096 columns, got more"));
  CHECK(contains(error_text([&] { read(scratch.write("a.csv", kTable + commas + "\n")); }),
                 "a.csv: line 4: a row must have 2 fields as the header has, got 3000001"));
}

TEST_CASE("a JSON object beyond its limit is refused") {
  const Scratch scratch;
  const std::string big = "{\"label\":1,\"text\":\"" + std::string(16 << 20, 'a') + "\"}\n";
  CHECK(contains(error_text([&] { read(scratch.write("a.jsonl", big)); }),
                 "a.jsonl: line 1: one JSON object must have at most 16777216 bytes"));
  CHECK(contains(error_text([&] { read(scratch.write("a.jsonl", "{\"label\":1,\"text\":\"a\"}\n" + big)); }),
                 "a.jsonl: line 2: one JSON object"));
}

TEST_CASE("what is no regular file is refused without waiting for it") {
  const Scratch scratch;
  const std::string pipe = (scratch.path() / "p.csv").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(contains(error_text([&] { read(pipe); }), "p.csv: cannot read: must be a regular file, is a named pipe"));
  REQUIRE(::mkfifo((scratch.path() / "train.csv").c_str(), 0600) == 0);
  CHECK(contains(error_text([&] { read(scratch.path().string()); }),
                 "train.csv: cannot read: must be a regular file, is a named pipe"));
  fs::create_symlink("/dev/zero", scratch.path() / "z.jsonl");
  CHECK(contains(error_text([&] { read((scratch.path() / "z.jsonl").string()); }),
                 "must be a regular file, is a device"));
}

TEST_CASE("options about columns are refused where there are none") {
  const Scratch scratch;
  const std::string archive = scratch.write("a.tar", make_archive({{"train/neg/0_1.txt", "a"}}, "none"));
  CHECK(contains(error_text([&] { open_source(archive, {.text = "review"}); }),
                 "has no columns; --text, --pair, --label and --separator"));
}

TEST_CASE("how columns are read is part of the fingerprint") {
  const Scratch scratch;
  const std::string file = scratch.write("a.csv", "review,words,label\na,b,1\n");
  CHECK(open_source(file)->fingerprint() != open_source(file, {.text = "words"})->fingerprint());
  CHECK(open_source(file)->fingerprint() == open_source(file)->fingerprint());
}

TEST_CASE("memory that does not suffice is a failure that names the file") {
  const auto text = [](const auto& read) { return ingot::test::failure_text([&] { within_memory("a.csv", read); }); };
  CHECK(text([] { throw std::bad_alloc(); }) == "a.csv: does not fit into memory");
  CHECK(text([] { std::string().resize(std::string().max_size() + 1); }) == "a.csv: does not fit into memory");
  CHECK(within_memory("a.csv", [] { return 7; }) == 7);
}
