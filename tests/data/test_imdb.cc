#include <doctest/doctest.h>

#include <algorithm>

#include "data/imdb.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "tests/data/support.h"

using namespace ingot::data;
using ingot::engine::Error;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kEnough = std::uint64_t{1} << 30;

const std::vector<Member> kMembers{
    {"aclImdb/README", "not a review"},
    {"aclImdb/test/neg/10_1.txt", "test neg 10"},
    {"aclImdb/test/neg/9_2.txt", "test neg 9"},
    {"aclImdb/test/pos/0_10.txt", "test pos 0"},
    {"aclImdb/test/urls_pos.txt", "not a review either"},
    {"aclImdb/train/neg/0_3.txt", ""},
    {"aclImdb/train/pos/100_7.txt", "caf\xc3\xa9<br /><br />train pos 100"},
    {"aclImdb/train/pos/20_8.txt", "train pos 20\n"},
    {"aclImdb/train/pos/3_9.txt", "train pos 3"},
    {"aclImdb/train/unsup/1_0.txt", "unsup 1"},
    {"aclImdb/train/unsup/0_0.txt", "unsup 0"},
};

const Corpus kCorpus{
    {.label_names = {"neg", "pos"}, .notes = {}},
    {{"", 0}, {"train pos 3", 1}, {"train pos 20\n", 1}, {"caf\xc3\xa9<br /><br />train pos 100", 1}},
    {{"test neg 9", 0}, {"test neg 10", 0}, {"test pos 0", 1}},
    {{"unsup 0", kUnlabelled}, {"unsup 1", kUnlabelled}},
    {},
};

std::vector<Member> without(const std::string& part) {
  std::vector<Member> members = kMembers;
  std::erase_if(members, [&](const Member& member) { return member.path.starts_with("aclImdb/" + part); });
  return members;
}

std::vector<Member> with(Member member) {
  std::vector<Member> members = kMembers;
  members.push_back(std::move(member));
  return members;
}

Corpus read(const std::vector<Member>& members) {
  return read_imdb_archive(make_archive(members, "gzip"), "a.tar.gz", kEnough);
}

void write_folder(const Scratch& scratch, const std::vector<Member>& members) {
  for (const Member& member : members) scratch.write(member.path, member.content);
}

}  // namespace

TEST_CASE("an archive is read alike under every compression") {
  for (const char* filter : {"none", "gzip", "bzip2", "xz", "lzma", "zstd", "lz4"}) {
    CAPTURE(filter);
    CHECK(read_imdb_archive(make_archive(kMembers, filter), "a", kEnough) == kCorpus);
  }
}

TEST_CASE("reviews are in the same order whatever the order of the archive") {
  std::vector<Member> members = kMembers;
  ingot::engine::Rng rng(1, static_cast<std::uint64_t>(ingot::engine::Stream::test));
  for (int i = 0; i < 10; ++i) {
    ingot::engine::shuffle(members, rng);
    CHECK(read(members) == kCorpus);
  }
}

TEST_CASE("the top folder of an archive may have any name or none") {
  for (const std::string top : {"", "./", "./aclImdb/", "some/where/else/"}) {
    std::vector<Member> members = kMembers;
    for (Member& member : members) member.path = top + member.path.substr(8);
    CHECK(read(members) == kCorpus);
  }
}

TEST_CASE("an extracted folder is read like its archive, from itself or its parent") {
  const Scratch scratch;
  write_folder(scratch, kMembers);
  CHECK(open_source((scratch.path() / "aclImdb").string())->read() == kCorpus);
  CHECK(open_source(scratch.path().string())->read() == kCorpus);
}

TEST_CASE("an archive on disk is opened by its name") {
  const Scratch scratch;
  const std::string bytes = make_archive(kMembers, "gzip");
  for (const char* name : {"aclImdb.tar.gz", "a.tgz", "A.TAR.GZ", "b.tar"}) {
    CHECK(open_source(scratch.write(name, bytes))->read() == kCorpus);
  }
}

TEST_CASE("a compressed archive cut at any byte is an error") {
  for (const char* filter : {"gzip", "bzip2", "xz", "zstd"}) {
    const std::string whole = make_archive(kMembers, filter);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(filter);
      CAPTURE(size);
      CHECK_THROWS_AS(read_imdb_archive(std::string_view(whole).substr(0, size), "a.tar", kEnough), Error);
    }
  }
}

TEST_CASE("a plain archive cut anywhere before its end mark is an error, between members too") {
  const std::string whole = make_archive(kMembers, "none");
  const std::size_t end_of_members = whole.find_last_not_of('\0') / 512 * 512 + 512;
  REQUIRE(whole.size() >= end_of_members + 1024);
  for (std::size_t size = 0; size <= end_of_members; size += size % 512 == 1 ? 510 : 1) {
    CAPTURE(size);
    CHECK_THROWS_AS(read_imdb_archive(std::string_view(whole).substr(0, size), "a.tar", kEnough), Error);
  }
  CHECK_THROWS_WITH_AS(read_imdb_archive(std::string_view(whole).substr(0, end_of_members), "a.tar", kEnough),
                       "a.tar: truncated: ends after member aclImdb/train/unsup/0_0.txt without the end mark", Error);
  CHECK(read_imdb_archive(std::string_view(whole).substr(0, end_of_members + 1024), "a.tar", kEnough) == kCorpus);
}

TEST_CASE("no flipped bit of a gzip archive changes a review unnoticed") {
  const std::string whole = make_archive(kMembers, "gzip");
  std::size_t n_read = 0;  // the header tells the time and the system; a copy of zeros may be one of other zeros
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    CAPTURE(bit);
    try {
      const Corpus corpus = read_imdb_archive(damaged, "a.tar.gz", kEnough);
      CHECK(corpus == kCorpus);
      ++n_read;
    } catch (const Error&) {
    }
  }
  CHECK(n_read < whole.size() * 8 / 20);
}

TEST_CASE("a missing part is named") {
  for (const std::string part : {"train/neg", "train/pos", "test/neg", "test/pos"}) {
    const std::string message = "must hold reviews in train/neg, train/pos, test/neg and test/pos, got none in " + part;
    CHECK_THROWS_WITH_AS(read(without(part)), ("a.tar.gz: " + message).c_str(), Error);
    const Scratch scratch;
    write_folder(scratch, without(part));
    CHECK_THROWS_WITH_AS(open_source(scratch.path().string())->read(), doctest::Contains(message.c_str()), Error);
  }
  CHECK_THROWS_WITH_AS(read(without("test")), doctest::Contains("got none in test/neg test/pos"), Error);
}

TEST_CASE("unlabelled reviews may be missing") { CHECK(read(without("train/unsup")).unlabelled.empty()); }

TEST_CASE("a review that is not UTF-8 is named with the offset of the byte") {
  const Member member{"aclImdb/test/pos/7_7.txt", "0123456\xe9t\xe9"};
  CHECK_THROWS_WITH_AS(read(with(member)),
                       "a.tar.gz: aclImdb/test/pos/7_7.txt: must be UTF-8, got byte 0xe9 at byte offset 7", Error);
  const Scratch scratch;
  write_folder(scratch, with(member));
  CHECK_THROWS_WITH_AS(open_source(scratch.path().string())->read(),
                       doctest::Contains("test/pos/7_7.txt: must be UTF-8, got byte 0xe9 at byte offset 7"), Error);
}

TEST_CASE("a stranger among the reviews is an error, a hidden file is not") {
  for (const char* name : {"notes.md", "1.txt", "1_2.html", "_2.txt", "1_.txt", "-1_2.txt", "99999999999_2.txt"}) {
    CHECK_THROWS_WITH_AS(read(with({std::string("aclImdb/train/neg/") + name, ""})),
                         doctest::Contains("a review must be named ID_RATING.txt"), Error);
  }
  CHECK(read(with({"aclImdb/train/neg/._0_3.txt", "\xff"})) == kCorpus);
}

TEST_CASE("a review that is there twice is an error") {
  CHECK_THROWS_WITH_AS(read(with(kMembers[1])),
                       doctest::Contains("test/neg: a review must be there once, got 10_1.txt"), Error);
}

TEST_CASE("a review that is a link is an error") {
  CHECK_THROWS_WITH_AS(read(with({"aclImdb/train/neg/5_1.txt", "", "0_3.txt"})), doctest::Contains("plain file"),
                       Error);
}

TEST_CASE("what is no archive is an error") {
  for (const std::string bytes : {"", "x", "text, a good deal of it, but no archive"}) {
    CHECK_THROWS_WITH_AS(read_imdb_archive(bytes, "a.tar", kEnough), doctest::Contains("a.tar: must be a"), Error);
  }
}

TEST_CASE("a fingerprint changes with the content and only with it") {
  const Scratch scratch;
  std::vector<Member> members = kMembers;
  const auto first = open_source(scratch.write("a.tar", make_archive(members, "none")))->fingerprint();
  CHECK(open_source(scratch.write("b.tar", make_archive(members, "none")))->fingerprint() == first);
  members[3].content[0] ^= 1;
  CHECK(open_source(scratch.write("a.tar", make_archive(members, "none")))->fingerprint() != first);

  write_folder(scratch, kMembers);
  const auto folder = open_source(scratch.path().string());
  const auto before = folder->fingerprint();
  CHECK(folder->fingerprint() == before);
  CHECK(open_source((scratch.path() / "aclImdb").string())->fingerprint() == before);
  const fs::path review = scratch.path() / "aclImdb/train/pos/3_9.txt";
  fs::last_write_time(review, fs::last_write_time(review) + std::chrono::seconds(1));
  const auto touched = folder->fingerprint();
  CHECK(touched != before);
  fs::rename(review, scratch.path() / "aclImdb/train/pos/4_9.txt");
  CHECK(folder->fingerprint() != touched);
}

TEST_CASE("the real archive holds 25,000 reviews to train on, 25,000 to test and 50,000 unlabelled") {
  const fs::path path = real_data("aclImdb.tar.gz");
  if (path.empty()) {
    MESSAGE("skipped: aclImdb.tar.gz is neither in INGOT_DATA nor in ../shared/data");
    return;
  }
  const Corpus corpus = open_source(path.string())->read();
  REQUIRE(corpus.train.size() == 25000);
  REQUIRE(corpus.test.size() == 25000);
  REQUIRE(corpus.unlabelled.size() == 50000);
  for (const std::vector<Example>* part : {&corpus.train, &corpus.test}) {
    for (std::size_t i = 0; i < part->size(); ++i) REQUIRE((*part)[i].label == (i < 12500 ? 0 : 1));
  }
  struct Expected {
    const Example& example;
    std::size_t size;
    std::string_view begins;
  };
  for (const Expected& expected : {
           Expected{corpus.train.front(), 655, "Story of a man who has unnatural feelings for a pig."},
           Expected{corpus.train.back(), 2652, "I always feel strange and guilty saying it"},
           Expected{corpus.test.front(), 900, "Once again Mr. Costner has dragged out a movie"},
           Expected{corpus.test.back(), 865, "I was plagued by nightmares involving Sesame Street"},
           Expected{corpus.unlabelled.front(), 791, "I admit, the great majority of films"},
           Expected{corpus.unlabelled.back(), 720, "The video and audio quality is sub-par."},
       }) {
    CHECK(expected.example.text.size() == expected.size);
    CHECK(expected.example.text.starts_with(expected.begins));
  }
}
