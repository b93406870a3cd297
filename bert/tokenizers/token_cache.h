// A corpus as token ids, kept in the cache folder by content, so that only the first run tokenizes.
#pragma once

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

// One part of a corpus: ids of every text in full, without special tokens or truncation. Views into a mapped file.
struct TokenPart {
  std::span<const std::uint64_t> offsets;  // [size + 1] into ids
  std::span<const std::int32_t> ids;
  std::span<const std::int32_t> labels;   // [size], data::kUnlabelled where there is none
  std::span<const std::uint64_t> hashes;  // [size] text_hash of each

  std::size_t size() const { return labels.size(); }
  std::span<const std::int32_t> tokens(std::size_t i) const {
    return ids.subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

// Hash by which a text is recognised in another file. Runs of blanks and line ends count as one blank, those at both
// ends not at all, and ASCII letters count as lower case.
std::uint64_t text_hash(std::string_view text);

struct TokenCorpus {
  engine::MappedFile file;  // what the views point into
  std::vector<std::string> label_names;
  TokenPart train, test, unlabelled, validation;
  std::vector<std::string> notes;  // of data::Corpus
};

// Called with texts done and their number while texts are tokenized; never when the cache serves.
using TokenProgress = std::function<void(std::size_t done, std::size_t total)>;

// The corpus under this tokenizer: from the cache if its key (fingerprint of the source, tokenizer's bytes, layout
// version) is there, else made with all threads and written to it (atomically; a damaged file is made again).
TokenCorpus tokenize(const data::Source& source, const Tokenizer& tokenizer, const TokenProgress& progress = {});

// The tokenizer that train_tokenizer learns from the training texts (labelled and unlabelled) of a source, cached by
// the source's fingerprint and the options.
std::unique_ptr<Tokenizer> tokenizer_for(const data::Source& source, const TokenizerTraining& options);

}  // namespace ingot::bert
