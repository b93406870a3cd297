// WordPiece (Devlin et al., BERT, 2018; google-research/bert, tokenization.py): the words of basic_words.h, each cut
// greedily into the longest pieces of the vocabulary, those after the first written with '##'.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bert/tokenizers/piece_table.h"
#include "bert/tokenizers/tokenizer.h"

namespace ingot::bert {

class WordPiece final : public Tokenizer {
 public:
  // `bytes` are those of a vocab.txt: one piece a line, its id the number of the line from 0. Throws Error naming the
  // line if one is empty, repeated or not UTF-8, or if [PAD], [UNK], [CLS] or [SEP] is missing. `subject` begins the
  // messages.
  WordPiece(std::string bytes, bool lower_case, std::string_view subject);

  // A special token written in the text becomes its id, as with Hugging Face. Words longer than 100 characters, and
  // those that the pieces cannot spell, become [UNK]. Throws Error at invalid UTF-8.
  std::vector<std::int32_t> encode(std::string_view text) const override;

  std::int32_t size() const override { return static_cast<std::int32_t>(pieces_.size()); }
  std::string piece(std::int32_t id) const override;
  const SpecialTokens& special() const override { return special_; }
  std::string_view file_name() const override { return "vocab.txt"; }
  const std::string& serialized() const override { return bytes_; }
  std::string config() const override;

 private:
  struct NamedToken {
    std::string_view text;
    std::int32_t id;
  };

  void read_pieces(std::string_view subject);
  void find_special(std::string_view subject);
  const NamedToken* special_at(std::string_view text) const;
  void append_words(std::string_view text, std::vector<std::int32_t>& ids) const;
  void append_word(std::string_view word, std::vector<std::int32_t>& ids) const;

  std::string bytes_;
  bool lower_case_;
  std::vector<std::string_view> pieces_;  // into bytes_, as are the keys of the tables
  PieceTable first_;                      // all pieces
  PieceTable following_;                  // those that begin with '##', without it
  std::vector<NamedToken> named_;
  SpecialTokens special_;
};

}  // namespace ingot::bert
