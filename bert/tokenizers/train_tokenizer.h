// Learns a SentencePiece vocabulary from text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bert/tokenizers/tokenizer.h"

namespace ingot::bert {

struct TokenizerTraining {
  std::string algorithm = "unigram";  // or "bpe"
  std::int32_t n_pieces = 8000;       // size of the vocabulary, the five special tokens included
  std::uint64_t seed = 1;             // of the sample of texts
  std::size_t max_bytes = 0;          // of text to learn from (a random sample of whole texts); 0: a default that keeps
                                      // the peak memory of training below 500 MB
};

// [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4; normalisation nmt_nfkc_cf. The same options and texts give the same model.
std::unique_ptr<Tokenizer> train_tokenizer(const TokenizerTraining& options, const std::vector<std::string_view>& texts);

}  // namespace ingot::bert
