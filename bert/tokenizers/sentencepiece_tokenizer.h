// A SentencePiece model (unigram or BPE) as a Tokenizer.
#pragma once

#include <sentencepiece_processor.h>

#include <string>
#include <string_view>
#include <vector>

#include "bert/tokenizers/tokenizer.h"

namespace ingot::bert {

// Limits, since the library takes far more memory than what it is given: 20 times a model, 170 times a text.
inline constexpr std::size_t kMostModelBytes = 32 << 20;
inline constexpr std::size_t kMostTextBytes = 256 << 10;  // of a text at once

class SentencePieceTokenizer final : public Tokenizer {
 public:
  // `bytes` are those of a .model file. Special tokens are the pieces named [PAD], [UNK], [CLS], [SEP] and [MASK];
  // where a name is not there, the model's own pad, unk, bos and eos. Throws Error if the model is damaged, has no
  // [CLS] or no [SEP], or would make one of them from plain text. `subject` begins the messages.
  SentencePieceTokenizer(std::string bytes, std::string_view subject);

  // Throws Error at invalid UTF-8. The text cannot produce special tokens, except unknown. A text longer than 256 KiB
  // is encoded in parts, cut at spaces; a word longer than 16 KiB in parts of that size, as if there were spaces
  // between them.
  std::vector<std::int32_t> encode(std::string_view text) const override;

  std::int32_t size() const override { return processor_.GetPieceSize(); }
  std::string piece(std::int32_t id) const override;
  const SpecialTokens& special() const override { return special_; }
  std::string_view file_name() const override { return "tokenizer.model"; }
  const std::string& serialized() const override { return bytes_; }
  std::string config() const override { return {}; }

 private:
  std::int32_t find_special(const char* name, std::int32_t otherwise, std::string_view subject) const;

  std::string bytes_;
  sentencepiece::SentencePieceProcessor processor_;
  SpecialTokens special_;
};

}  // namespace ingot::bert
