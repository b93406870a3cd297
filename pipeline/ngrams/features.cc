#include "pipeline/ngrams/features.h"

#include <algorithm>

#include "bert/tokenizers/basic_words.h"
#include "engine/base/files.h"
#include "engine/base/threads.h"

namespace ingot::pipeline {
namespace {

// One step of engine::content_hash, whose high bits depend on all of `hash` and `word`.
std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio
  return hash ^ hash >> 32;
}

std::vector<std::uint64_t> word_hashes(std::string_view text) {
  std::vector<std::uint64_t> hashes;
  bert::BasicWords words(text, {});
  for (std::string_view word = words.next(); !word.empty(); word = words.next())
    hashes.push_back(engine::content_hash(word));
  return hashes;
}

}  // namespace

std::vector<std::uint32_t> ngram_buckets(std::span<const std::string_view> texts, const NgramOptions& o) {
  std::vector<std::uint32_t> buckets;
  for (std::size_t place = 0; place < texts.size(); ++place) {
    const std::vector<std::uint64_t> words = word_hashes(texts[place]);
    const auto longest = static_cast<std::size_t>(o.longest);
    buckets.reserve(buckets.size() + longest * words.size());
    for (std::size_t begin = 0; begin < words.size(); ++begin) {
      std::uint64_t hash = place + 1;
      for (std::size_t i = begin; i < std::min(words.size(), begin + longest); ++i) {
        hash = mixed(hash, words[i]);
        buckets.push_back(static_cast<std::uint32_t>(hash >> (64 - o.bucket_bits)));
      }
    }
  }
  std::sort(buckets.begin(), buckets.end());
  buckets.erase(std::unique(buckets.begin(), buckets.end()), buckets.end());
  return buckets;
}

FeatureRows feature_rows(std::span<const std::string_view> texts, std::size_t texts_per_example, const NgramOptions& o,
                         const CountProgress& progress) {
  constexpr std::int64_t kBlock = 2048, kGrain = 16;  // examples: of which rows are in memory twice; of one chunk
  const auto n = static_cast<std::int64_t>(texts.size() / texts_per_example);
  FeatureRows all;
  all.offsets.reserve(static_cast<std::size_t>(n) + 1);
  std::vector<std::vector<std::uint32_t>> rows(static_cast<std::size_t>(kBlock));
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t size = std::min(kBlock, n - first);
    engine::parallel_for(size, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::size_t at = static_cast<std::size_t>(first + i) * texts_per_example;
        rows[static_cast<std::size_t>(i)] = ngram_buckets(texts.subspan(at, texts_per_example), o);
      }
    });
    for (std::int64_t i = 0; i < size; ++i) {
      const std::vector<std::uint32_t>& row = rows[static_cast<std::size_t>(i)];
      all.buckets.insert(all.buckets.end(), row.begin(), row.end());
      all.offsets.push_back(all.buckets.size());
    }
    if (progress) progress(first + size, n);
  }
  return all;
}

}  // namespace ingot::pipeline
