// A corpus as token ids, kept in the cache folder by content, so that only the first run tokenizes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bert/tokenizers/tokenizer.h"
#include "bert/tokenizers/train_tokenizer.h"
#include "data/source.h"
#include "engine/base/files.h"

namespace ingot::bert {

// A tag of a token that is not the first of its word: only the first stands for the word.
inline constexpr std::int32_t kInnerToken = -2;

// One part of a corpus: ids of every text in full, without special tokens or truncation; of a pair those of both texts,
// one after the other. Views into a mapped file.
struct TokenPart {
  std::span<const std::uint64_t> offsets;  // [size + 1] into ids
  std::span<const std::int32_t> ids;
  std::span<const std::int32_t> labels;         // [size], data::kUnlabelled where there is none
  std::span<const std::uint64_t> hashes;        // [size] text_hash of each; of a pair that of both
  std::span<const std::uint32_t> second_sizes;  // [size] ids of the second text of each; empty: no pairs
  std::span<const float> numbers;               // [size, n] as data::Example::numbers; empty: none
  std::span<const std::int32_t> tags;           // [ids] of each id: a label, kUnlabelled or kInnerToken; empty: none

  std::size_t size() const { return labels.size(); }
  std::span<const std::int32_t> tokens(std::size_t i) const {
    return ids.subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
  // The ids of the first text and, of a pair, of the second.
  std::span<const std::int32_t> first(std::size_t i) const { return tokens(i).first(tokens(i).size() - n_second(i)); }
  std::span<const std::int32_t> second(std::size_t i) const { return tokens(i).last(n_second(i)); }
  std::size_t n_second(std::size_t i) const { return second_sizes.empty() ? 0 : second_sizes[i]; }
  // The n numbers of an example; empty if there are none.
  std::span<const float> numbers_of(std::size_t i) const {
    const std::size_t n = numbers.size() / std::max<std::size_t>(size(), 1);
    return numbers.subspan(i * n, n);
  }
  std::span<const std::int32_t> tags_of(std::size_t i) const {
    return tags.empty() ? tags : tags.subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

// What is kept of a text.
struct TokenRow {
  std::vector<std::int32_t> ids;     // of a pair those of both texts
  std::vector<std::int32_t> tags{};  // of each id, or none
  std::uint32_t second_size = 0;     // ids of the second text
  std::int32_t label = data::kUnlabelled;
  std::vector<float> numbers{};
  std::uint64_t hash = 0;
};

// The ids and answers of a text. Words are encoded one by one, and the first token of each has its tag.
TokenRow encode_example(const Tokenizer& tokenizer, const data::Example& example);

// Hash by which a text is recognised in another file. Runs of blanks and line ends count as one blank, those at both
// ends not at all, and ASCII letters count as lower case.
std::uint64_t text_hash(std::string_view text);

struct TokenCorpus : data::CorpusFacts {
  engine::MappedFile file;  // what the views point into
  TokenPart train, test, unlabelled, validation;
};

// Called with the number of texts that are done while texts are tokenized; never when the cache serves.
using TokenProgress = std::function<void(std::size_t done)>;

// The corpus under this tokenizer: from the cache if its key (fingerprint of the source, tokenizer's bytes, layout
// version) is there, else made with all threads and written to it (atomically; a damaged file is made again). Neither
// texts nor ids are held: memory grows by 24 bytes a text while the file is made, by 32 for pairs, and 4 for each
// number (TokenFileWriter).
TokenCorpus tokenize(const data::Source& source, const Tokenizer& tokenizer, const TokenProgress& progress = {});

// The tokenizer that train_tokenizer learns from the training texts (labelled and unlabelled) of a source, cached by
// the source's fingerprint and the options.
std::unique_ptr<Tokenizer> tokenizer_for(const data::Source& source, const TokenizerTraining& options);

}  // namespace ingot::bert
