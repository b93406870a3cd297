// N-grams of texts, against lists of them written by hand.
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "pipeline/ngrams/design.h"
#include "pipeline/ngrams/features.h"
#include "tests/pipeline/small_problem.h"

using namespace ingot;
using pipeline::FeatureRows;
using pipeline::NgramOptions;
using Buckets = std::vector<std::uint32_t>;
using Words = std::vector<std::string>;

namespace {

Buckets buckets_of(std::vector<std::string_view> texts, const NgramOptions& options = {}) {
  return pipeline::ngram_buckets(texts, options);
}

// The bucket of one n-gram in the text at a place: the hashes of its words, mixed in their order.
std::uint32_t bucket_of(const Words& words, int bits, std::uint64_t place = 0) {
  std::uint64_t hash = place + 1;
  for (const std::string& word : words) {
    hash = (hash ^ engine::content_hash(word)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return static_cast<std::uint32_t>(hash >> (64 - bits));
}

Buckets all_of(const std::vector<Words>& ngrams, int bits) {
  std::set<std::uint32_t> buckets;
  for (const Words& words : ngrams) buckets.insert(bucket_of(words, bits));
  return {buckets.begin(), buckets.end()};
}

}  // namespace

TEST_CASE("a text has the 1-, 2- and 3-grams of its lower-case words and punctuation marks") {
  const std::vector<Words> expected{{"it"},
                                    {"isn"},
                                    {"'"},
                                    {"t"},
                                    {"!"},
                                    {"it", "isn"},
                                    {"isn", "'"},
                                    {"'", "t"},
                                    {"t", "!"},
                                    {"it", "isn", "'"},
                                    {"isn", "'", "t"},
                                    {"'", "t", "!"}};
  for (const int bits : {22, 26, 7}) CHECK(buckets_of({"It isn't!"}, {.bucket_bits = bits}) == all_of(expected, bits));
  CHECK(buckets_of({"It isn't!"}).size() == 12);  // none of these collide in 2^22
  CHECK(buckets_of({"caf\u00e9"}) == all_of({{"cafe"}}, 22));
}

TEST_CASE("n-grams have at most the words that are asked for, and count once") {
  CHECK(buckets_of({"a b a b"}, {.longest = 1}) == all_of({{"a"}, {"b"}}, 22));
  CHECK(buckets_of({"a b a b"}, {.longest = 2}) == all_of({{"a"}, {"b"}, {"a", "b"}, {"b", "a"}}, 22));
  CHECK(buckets_of({"a b"}, {.longest = 8}) == all_of({{"a"}, {"b"}, {"a", "b"}}, 22));
  CHECK(buckets_of({""}).empty());
  CHECK(buckets_of({" \n"}).empty());
}

TEST_CASE("the second text of a pair has other buckets, and no n-gram reaches into it") {
  const Buckets one = buckets_of({"to be"}), pair = buckets_of({"to be", "to be"});
  CHECK(pair.size() == 2 * one.size());
  CHECK(std::includes(pair.begin(), pair.end(), one.begin(), one.end()));
  std::set<std::uint32_t> expected(one.begin(), one.end());
  for (const Words& words : {Words{"to"}, Words{"be"}, Words{"to", "be"}}) expected.insert(bucket_of(words, 22, 1));
  CHECK(pair == Buckets(expected.begin(), expected.end()));
  CHECK(buckets_of({"", "to be"}) != one);
}

TEST_CASE("n-grams spread evenly over the buckets") {
  // 2^16 n-grams thrown into 2^16 buckets fill 1 - 1/e of them, with a standard deviation of 81.
  std::string text;
  for (int i = 0; i < 1 << 16; ++i) text += "w" + std::to_string(i) + " ";
  const auto n = static_cast<double>(buckets_of({text}, {.longest = 1, .bucket_bits = 16}).size());
  CHECK(std::abs(n - 65536 * (1 - std::exp(-1))) < 5 * 81);
}

TEST_CASE("rows of many examples are those of each, on any number of threads") {
  engine::Rng rng(1, static_cast<std::uint64_t>(engine::Stream::test));
  std::vector<std::string> texts(5000);
  for (std::string& text : texts)
    for (std::uint64_t n = rng.below(6); n > 0; --n) text += "w" + std::to_string(rng.below(50)) + " ";
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const int before = engine::threads();
  for (const int n_threads : {1, 2, 3}) {
    engine::set_threads(n_threads);
    const FeatureRows rows = pipeline::feature_rows(views, 2, {});
    REQUIRE(rows.size() == 2500);
    bool same = true;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = rows.row(i);
      same = same && Buckets(row.begin(), row.end()) == buckets_of({views[2 * i], views[2 * i + 1]});
    }
    CHECK(same);
  }
  engine::set_threads(before);
}

TEST_CASE("a design has the rows and columns of its examples, and only buckets that occur") {
  const FeatureRows rows = test::rows_of({{1, 5}, {0, 7}, {5, 6}, {}});
  const pipeline::Design x(rows, std::vector<std::size_t>{2, 3, 0}, 8);
  const auto list = [](std::span<const std::uint32_t> numbers) { return Buckets(numbers.begin(), numbers.end()); };
  CHECK(list(x.buckets()) == Buckets{1, 5, 6});
  REQUIRE(x.n_rows() == 3);
  CHECK(list(x.row(0)) == Buckets{1, 2});
  CHECK(list(x.row(1)).empty());
  CHECK(list(x.row(2)) == Buckets{0, 1});
  CHECK(list(x.column(0)) == Buckets{2});
  CHECK(list(x.column(1)) == Buckets{0, 2});
  CHECK(list(x.column(2)) == Buckets{0});
}
