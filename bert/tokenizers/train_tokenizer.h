// Learns a SentencePiece vocabulary from text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bert/tokenizers/tokenizer.h"

namespace ingot::bert {

// Bytes of text that training takes by default: 12 MiB cost 340 MB of memory with unigram, 150 MB with BPE.
inline constexpr std::size_t kDefaultTrainingBytes = std::size_t{12} << 20;

// Pieces where nobody says how many. A text that holds fewer gives all it has; one with more characters, that many
// more.
inline constexpr std::int32_t kDefaultPieces = 8000;

struct TokenizerTraining {
  std::string algorithm = "unigram";  // or "bpe"
  std::int32_t n_pieces = 0;          // size of the vocabulary, the five special tokens included; 0: by the text
  std::uint64_t seed = 1;             // of the sample of texts
  std::size_t max_bytes = 0;  // of text to learn from (a random sample of whole texts); 0: kDefaultTrainingBytes
};

// The texts that train_tokenizer learns from, by their sizes in bytes: indices in ascending order. All of them if they
// fit into max_bytes, else as many as fit in a random order, at least one.
std::vector<std::size_t> training_sample(const TokenizerTraining& options, const std::vector<std::uint32_t>& sizes);

// [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4; normalisation nmt_nfkc_cf. The same options and texts give the same
// model, whatever the number of threads. Texts must be UTF-8; their whitespace, line ends included, only separates
// words. Throws Error, which names the option --pieces, if n_pieces is too small for the characters of the text, or
// more than can be learnt from it.
std::unique_ptr<Tokenizer> train_tokenizer(const TokenizerTraining& options,
                                           const std::vector<std::string_view>& texts);

}  // namespace ingot::bert
