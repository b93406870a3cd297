#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "bert/tokenizers/token_cache.h"
#include "bert/tokenizers/token_file.h"
#include "engine/base/cache.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"

using namespace ingot;
namespace fs = std::filesystem;

namespace {

using Ids = std::vector<std::int32_t>;

// A corpus in memory that counts how often it is read.
struct MemorySource final : data::Source {
  data::Corpus corpus;
  std::uint64_t key = 1;
  mutable int n_reads = 0;

  std::string name() const override { return "memory"; }
  std::uint64_t fingerprint() const override { return key; }
  data::CorpusFacts visit(const Take& take) const override {
    ++n_reads;
    data::Corpus copy = corpus;
    for (const data::Part part : data::kParts)
      for (data::Example& example : copy.part(part)) take(part, std::move(example));
    return copy;
  }
};

// The cache folder is a new, empty one as long as this lives.
class TemporaryCache {
 public:
  TemporaryCache() {
    const char* before = std::getenv("XDG_CACHE_HOME");
    if (before != nullptr) before_ = before;
    fs::remove_all(root_);
    ::setenv("XDG_CACHE_HOME", root_.c_str(), 1);
  }
  ~TemporaryCache() {
    if (before_.empty()) {
      ::unsetenv("XDG_CACHE_HOME");
    } else {
      ::setenv("XDG_CACHE_HOME", before_.c_str(), 1);
    }
    fs::remove_all(root_);
  }

  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(engine::cache_folder())) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
  }

 private:
  fs::path root_ = fs::temp_directory_path() / "ingot-test-token-cache";
  std::string before_;
};

std::unique_ptr<bert::Tokenizer> letters() {
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (char c = 'a'; c <= 'z'; ++c) vocabulary += std::string(1, c) + "\n##" + c + "\n";
  return bert::make_tokenizer("vocab.txt", vocabulary);
}

std::string random_text(engine::Rng& rng) {
  std::string text(rng.below(60), ' ');
  for (char& c : text) c = "abcdefghij   KLM?"[rng.below(17)];
  return text;
}

MemorySource random_source(std::size_t n_train, std::size_t n_test, std::size_t n_unlabelled) {
  engine::Rng rng(n_train + 1, static_cast<std::uint64_t>(engine::Stream::test));
  MemorySource source;
  source.corpus.label_names = {"bad", "good", ""};
  for (std::size_t i = 0; i < n_train; ++i) {
    source.corpus.train.push_back({random_text(rng), static_cast<std::int32_t>(i % 3)});
  }
  for (std::size_t i = 0; i < n_test; ++i) source.corpus.test.push_back({random_text(rng), 1});
  for (std::size_t i = 0; i < n_unlabelled; ++i) source.corpus.unlabelled.push_back({.text = random_text(rng)});
  for (std::size_t i = 0; i < n_test / 2; ++i) source.corpus.validation.push_back({random_text(rng), 0});
  for (std::size_t i = 0; i < n_test % 3; ++i) source.corpus.notes.push_back(fmt::format("note {}", i));
  return source;
}

void check_part(const bert::TokenPart& part, const std::vector<data::Example>& examples,
                const bert::Tokenizer& tokenizer) {
  REQUIRE(part.size() == examples.size());
  REQUIRE(part.offsets.size() == examples.size() + 1);
  CHECK(part.offsets.back() == part.ids.size());
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto tokens = part.tokens(i);
    CHECK(Ids(tokens.begin(), tokens.end()) == tokenizer.encode(examples[i].text));
    CHECK(part.labels[i] == examples[i].label);
    CHECK(part.hashes[i] == bert::text_hash(examples[i].text));
  }
}

void check_corpus(const bert::TokenCorpus& tokens, const MemorySource& source, const bert::Tokenizer& tokenizer) {
  CHECK(tokens.label_names == source.corpus.label_names);
  check_part(tokens.train, source.corpus.train, tokenizer);
  check_part(tokens.test, source.corpus.test, tokenizer);
  check_part(tokens.unlabelled, source.corpus.unlabelled, tokenizer);
  check_part(tokens.validation, source.corpus.validation, tokenizer);
  CHECK(tokens.notes == source.corpus.notes);
}

std::string message_of(const auto& action) {
  try {
    action();
  } catch (const engine::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a tokenized corpus holds the ids of every text, and the cache serves the second call") {
  const TemporaryCache cache;
  const auto tokenizer = letters();
  for (const auto& source :
       {random_source(2500, 20, 3), random_source(1, 0, 0), random_source(0, 0, 0), random_source(7, 0, 2100)}) {
    MemorySource keyed = source;
    keyed.key = source.corpus.train.size();
    std::size_t last_done = 0;
    const bert::TokenProgress progress = [&](std::size_t done) {
      CHECK(done > last_done);
      last_done = done;
    };
    const std::size_t total = keyed.corpus.train.size() + keyed.corpus.test.size() + keyed.corpus.unlabelled.size() +
                              keyed.corpus.validation.size();
    check_corpus(bert::tokenize(keyed, *tokenizer, progress), keyed, *tokenizer);
    CHECK(last_done == total);
    check_corpus(bert::tokenize(keyed, *tokenizer, [](std::size_t) { CHECK(false); }), keyed, *tokenizer);
    CHECK(keyed.n_reads == 1);
  }
}

TEST_CASE("another corpus, vocabulary or setting is tokenized anew") {
  const TemporaryCache cache;
  MemorySource source = random_source(10, 2, 2);
  const auto tokenizer = letters();
  const auto cased = bert::make_tokenizer("vocab.txt", tokenizer->serialized(), R"({"do_lower_case": false})");
  const auto longer = bert::make_tokenizer("vocab.txt", tokenizer->serialized() + "ab\n");
  for (const auto* each : {tokenizer.get(), cased.get(), longer.get()}) {
    check_corpus(bert::tokenize(source, *each), source, *each);
  }
  CHECK(source.n_reads == 3);
  source.key = 2;
  check_corpus(bert::tokenize(source, *tokenizer), source, *tokenizer);
  CHECK(source.n_reads == 4);
  CHECK(cache.files().size() == 4);
}

TEST_CASE("pairs, numbers and tags come back from the token file; the first token of a word stands for it") {
  const TemporaryCache cache;
  const auto tokenizer = letters();
  MemorySource pairs;
  pairs.corpus.answers = data::Answers::numbers;
  pairs.corpus.has_pairs = true;
  pairs.corpus.label_names = {"x", "y"};
  pairs.corpus.train = {{.text = "ab c", .second = "d", .numbers = {1, 2.5f}},
                        {.text = "a", .second = "bc de", .numbers = {-3, 4}}};
  const bert::TokenCorpus tokens = bert::tokenize(pairs, *tokenizer);
  CHECK(tokens.answers == data::Answers::numbers);
  CHECK(tokens.has_pairs);
  const auto ids = [](std::span<const std::int32_t> some) { return Ids(some.begin(), some.end()); };
  CHECK(ids(tokens.train.first(0)) == tokenizer->encode("ab c"));
  CHECK(ids(tokens.train.second(0)) == tokenizer->encode("d"));
  CHECK(ids(tokens.train.second(1)) == tokenizer->encode("bc de"));
  CHECK(tokens.train.numbers_of(0)[1] == 2.5f);
  CHECK(tokens.train.numbers_of(1)[0] == -3);
  MemorySource several = pairs;
  several.key = 3;
  several.corpus.answers = data::Answers::labels;
  several.corpus.train[0].numbers = {1, 0};
  several.corpus.train[1].numbers = {1, 1};
  const bert::TokenCorpus labels = bert::tokenize(several, *tokenizer);
  CHECK(labels.answers == data::Answers::labels);
  CHECK(labels.train.numbers_of(0)[0] == 1);
  CHECK(labels.train.numbers_of(0)[1] == 0);
  CHECK(labels.train.numbers_of(1)[1] == 1);
  MemorySource tagged;
  tagged.key = 2;
  tagged.corpus.answers = data::Answers::tags;
  tagged.corpus.label_names = {"B-X", "O"};
  tagged.corpus.train = {{.text = "abc \x01 d", .words = {{3, 0}, {5, 1}, {7, 1}}}};  // the second is no text
  tagged.corpus.test = {{.text = "ab", .words = {{2, 1}}}};
  const bert::TokenCorpus words = bert::tokenize(tagged, *tokenizer);
  CHECK(words.answers == data::Answers::tags);
  CHECK(ids(words.train.tags_of(0)) == Ids{0, bert::kInnerToken, bert::kInnerToken, 1, 1});
  CHECK(words.train.tokens(0)[3] == tokenizer->special().unknown);
  CHECK(ids(words.test.tags_of(0)) == Ids{1, bert::kInnerToken});
}

TEST_CASE("a text is known again by its hash, whatever its blanks and case") {
  for (const char* same : {"a b", " A  b", "a\tB\r\n", "a\n\nb "})
    CHECK(bert::text_hash(same) == bert::text_hash("a b"));
  for (const char* other : {"ab", "a b c", "", "a. b"}) CHECK(bert::text_hash(other) != bert::text_hash("a b"));
}

TEST_CASE("a token file opens for the key that it was made for only") {
  const TemporaryCache cache;
  const fs::path path = engine::cache_folder() / "tokens";
  bert::TokenFileWriter writer(path);
  writer.add({.ids = {5, 6, 7}, .label = 1, .hash = 7});
  for (int part = 0; part < 4; ++part) writer.end_part();
  writer.commit({.source = 8, .tokenizer = 9}, {.label_names = {"bad", "good"}, .notes = {}});
  CHECK(bert::open_token_file(path, {.source = 8, .tokenizer = 9}, 8).has_value());
  CHECK(!bert::open_token_file(path, {.source = 9, .tokenizer = 9}, 8).has_value());
  CHECK(!bert::open_token_file(path, {.source = 8, .tokenizer = 8}, 8).has_value());
  CHECK(!bert::open_token_file(path / "absent", {.source = 8, .tokenizer = 9}, 8).has_value());
}

TEST_CASE("a forged token file, its checksum right, is not believed") {
  const TemporaryCache cache;
  const fs::path path = engine::cache_folder() / "tokens";
  bert::TokenFileWriter writer(path);
  writer.add({.ids = {5, 6, 7}, .label = 1, .hash = 7});
  writer.add({.ids = {4}, .label = 0, .hash = 7});
  for (int part = 0; part < 4; ++part) writer.end_part();
  const bert::TokenKey key{.source = 8, .tokenizer = 9};
  writer.commit(key, {.label_names = {"bad", "good"}, .notes = {}});
  const std::string whole = engine::read_file(path);
  // ids of train: 32 bytes; its offsets: 32; its labels: 32; ...; trailer: 128.
  const auto opens = [&](std::size_t at, auto value) {
    std::string bytes = whole;
    std::memcpy(bytes.data() + at, &value, sizeof value);
    std::memset(bytes.data() + bytes.size() - 8, 0, 8);
    bert::Checksum checksum;
    checksum.add(bytes.data(), bytes.size());
    const std::uint64_t sum = checksum.value();
    std::memcpy(bytes.data() + bytes.size() - 8, &sum, 8);
    engine::write_file(path, bytes);
    return bert::open_token_file(path, key, 8).has_value();
  };
  CHECK(opens(0, std::int32_t{3}));
  CHECK_FALSE(opens(0, std::int32_t{8}));
  CHECK_FALSE(opens(12, std::int32_t{-1}));
  CHECK_FALSE(opens(32, std::uint64_t{1}));        // the first offset
  CHECK_FALSE(opens(40, std::uint64_t{1} << 40));  // the second
  CHECK_FALSE(opens(40, ~std::uint64_t{0}));
  CHECK_FALSE(opens(48, std::uint64_t{5}));  // the last
  CHECK(opens(64, std::int32_t{-1}));        // a label, or none
  CHECK_FALSE(opens(64, std::int32_t{2}));
  CHECK_FALSE(opens(64, std::int32_t{-2}));
}

TEST_CASE("a damaged cache file is made again") {
  const TemporaryCache cache;
  const MemorySource source = random_source(40, 5, 6);
  const auto tokenizer = letters();
  bert::tokenize(source, *tokenizer);
  const fs::path file = cache.files().at(0);
  const std::string whole = engine::read_file(file);
  engine::Rng rng(4, static_cast<std::uint64_t>(engine::Stream::test));
  std::vector<std::string> damaged{"", "x", whole + std::string(32, '\0'), whole.substr(32)};
  for (const std::size_t n_cut : {1, 32, 128, 160}) damaged.push_back(whole.substr(0, whole.size() - n_cut));
  for (int i = 0; i < 16; ++i) {
    std::string bytes = whole;
    const std::size_t at = i < 8 ? rng.below(bytes.size()) : bytes.size() - 1 - rng.below(128);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
    damaged.push_back(bytes);
  }
  for (const std::string& bytes : damaged) {
    engine::write_file(file, bytes);
    const int n_reads = source.n_reads;
    check_corpus(bert::tokenize(source, *tokenizer), source, *tokenizer);
    CHECK(source.n_reads == n_reads + 1);
    CHECK(engine::read_file(file) == whole);
  }
}

TEST_CASE("one and many threads write the same file") {
  const int n_threads = engine::threads();
  const MemorySource source = random_source(3000, 10, 100);
  std::vector<std::string> files;
  for (const int n : {1, 4}) {
    const TemporaryCache cache;
    engine::set_threads(n);
    bert::tokenize(source, *letters());
    files.push_back(engine::read_file(cache.files().at(0)));
  }
  engine::set_threads(n_threads);
  CHECK(files[0] == files[1]);
}

TEST_CASE("the first text that cannot be tokenized is named, and nothing is left in the cache") {
  const TemporaryCache cache;
  const int n_threads = engine::threads();
  engine::set_threads(4);
  MemorySource source = random_source(10, 3000, 0);
  for (const std::size_t i : {2999, 2200, 2150, 2500}) source.corpus.test[i].text = "ab\xFF";
  CHECK(message_of([&] { bert::tokenize(source, *letters()); }) ==
        "memory: test text 2150: encode: text must be UTF-8, got byte 0xff at offset 2");
  CHECK(cache.files().empty());
  engine::set_threads(n_threads);
}

TEST_CASE("a checksum notices a change of any word and the order of words") {
  std::vector<std::uint64_t> words(32, 0);
  const auto value = [&] {
    bert::Checksum checksum;
    checksum.add(words.data(), words.size() * sizeof words[0]);
    return checksum.value();
  };
  std::vector<std::uint64_t> values{value()};
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const int bit : {0, 31, 63}) {
      words[i] ^= std::uint64_t{1} << bit;
      values.push_back(value());
      words[i] ^= std::uint64_t{1} << bit;
    }
  }
  std::sort(values.begin(), values.end());
  CHECK(std::adjacent_find(values.begin(), values.end()) == values.end());
}

TEST_CASE("the tokenizer of a corpus is learnt once from its training and unlabelled texts, and again if damaged") {
  const TemporaryCache cache;
  MemorySource source = random_source(300, 30, 300);
  for (auto& example : source.corpus.test) example.text = "zzzz zzzz";
  const bert::TokenizerTraining options{.algorithm = "bpe", .n_pieces = 60, .max_bytes = 12000};
  const auto first = bert::tokenizer_for(source, options);
  CHECK(first->size() == 60);
  for (std::int32_t id = 0; id < 60; ++id) CHECK(first->piece(id).find('z') == std::string::npos);
  CHECK(bert::tokenizer_for(source, options)->serialized() == first->serialized());
  CHECK(source.n_reads == 2);  // for the sizes of the texts, and for those that are chosen

  std::vector<std::string_view> texts;
  for (const auto* part : {&source.corpus.train, &source.corpus.unlabelled}) {
    for (const auto& example : *part) texts.push_back(example.text);
  }
  CHECK(bert::train_tokenizer(options, texts)->serialized() == first->serialized());

  const fs::path file = cache.files().at(0);
  const std::string whole = engine::read_file(file);
  std::string flipped = whole;
  flipped[flipped.size() / 2] ^= 1;
  for (const std::string& bytes : {flipped, whole.substr(0, 100), std::string("x"), std::string()}) {
    engine::write_file(file, bytes);
    CHECK(bert::tokenizer_for(source, options)->serialized() == first->serialized());
    CHECK(engine::read_file(file) == whole);
  }
  bert::tokenizer_for(source, {.algorithm = "bpe", .n_pieces = 61, .max_bytes = 12000});
  REQUIRE(cache.files().size() == 2);
  const fs::path other = cache.files()[cache.files()[0] == file ? 1 : 0];
  engine::write_file(file, engine::read_file(other));  // a whole file, but of as many pieces as the name does not say
  CHECK(bert::tokenizer_for(source, options)->size() == 60);
  CHECK(engine::read_file(file) == whole);
}
