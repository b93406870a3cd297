// Texts as sets of n-grams: runs of lower-case words and punctuation marks (bert/tokenizers/basic_words.h), hashed to
// buckets. Which n-grams a text has counts, not how often.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace ingot::pipeline {

inline constexpr int kMostNgram = 8, kMostBucketBits = 26;

struct NgramOptions {
  int longest = 3;       // runs of 1 to so many words; at most kMostNgram
  int bucket_bits = 22;  // 2^bucket_bits buckets; 1 to kMostBucketBits

  std::size_t n_buckets() const { return std::size_t{1} << bucket_bits; }
};

// The buckets of all n-grams of an example, ascending, each once. An example is one text or several, such as a pair: no
// n-gram reaches across texts, and those of the second text have other hashes than the same words in the first. Texts
// must be UTF-8.
std::vector<std::uint32_t> ngram_buckets(std::span<const std::string_view> texts, const NgramOptions& options);

// The buckets of many examples, one row each.
struct FeatureRows {
  std::vector<std::uint64_t> offsets{0};  // [size + 1] into buckets
  std::vector<std::uint32_t> buckets;     // ascending in each row

  std::size_t size() const { return offsets.size() - 1; }
  std::span<const std::uint32_t> row(std::size_t i) const {
    return std::span(buckets).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

// Called with what is done and what there is to do.
using CountProgress = std::function<void(std::int64_t done, std::int64_t total)>;

// `texts`: [n examples, texts_per_example]. Works with all threads.
FeatureRows feature_rows(std::span<const std::string_view> texts, std::size_t texts_per_example,
                         const NgramOptions& options, const CountProgress& progress = {});

}  // namespace ingot::pipeline
