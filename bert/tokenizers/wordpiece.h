// WordPiece (Devlin et al., BERT, 2018; google-research/bert, tokenization.py): the words of basic_words.h, each cut
// greedily into the longest pieces of the vocabulary, those after the first written with '##'.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bert/tokenizers/piece_table.h"
#include "bert/tokenizers/tokenizer.h"
#include "bert/tokenizers/wordpiece_settings.h"

namespace ingot::bert {

class WordPiece final : public Tokenizer {
 public:
  // `bytes` are those of a vocab.txt: one piece a line, its id the number of the line from 0, read as Hugging Face
  // does: of a piece on several lines the last one counts, an empty line is an id that no text has. A byte order mark
  // is passed over. Throws Error naming the line if one is not UTF-8, if [PAD], [UNK], [CLS] or [SEP] is missing, or if
  // an added token has the id of a piece. `subject` begins the messages.
  WordPiece(std::string bytes, WordPieceSettings settings, std::string_view subject);

  // A special or added token written in the text becomes its id, as with Hugging Face; where several begin, the
  // longest. Words longer than 100 characters, and those that the pieces cannot spell, become [UNK]. Throws Error at
  // invalid UTF-8.
  std::vector<std::int32_t> encode(std::string_view text) const override;

  std::int32_t size() const override { return static_cast<std::int32_t>(pieces_.size()); }
  std::string piece(std::int32_t id) const override;
  const SpecialTokens& special() const override { return special_; }
  std::string_view file_name() const override { return "vocab.txt"; }
  const std::string& serialized() const override { return bytes_; }
  std::string config() const override;

 private:
  // Tokens that are looked for in the text.
  struct Marks {
    struct Match {
      std::int32_t id;
      std::size_t length;
    };
    PieceTable table;
    std::string first_bytes;

    void add(std::string_view token, std::int32_t id);
    std::size_t next(std::string_view text, std::size_t at) const;  // where one may begin; npos: nowhere
    Match longest_at(std::string_view text) const;                  // id -1: none begins the text
  };

  void read_pieces(std::string_view subject);
  void find_special(std::string_view subject);
  void add_tokens(std::string_view subject);
  std::int32_t find(std::string_view piece) const;
  // The ids of the marks in the text; what is between them goes to `append`.
  template <class Append>
  void split(std::string_view text, const Marks& marks, std::vector<std::int32_t>& ids, const Append& append) const;
  void append_text(std::string_view text, std::vector<std::int32_t>& ids) const;
  void append_words(std::string_view text, const BasicRules& rules, std::vector<std::int32_t>& ids) const;
  void append_word(std::string_view word, std::vector<std::int32_t>& ids) const;

  std::string bytes_;
  WordPieceSettings settings_;
  WordPieceSettings listed_;  // the same, without added tokens that go without saying
  BasicRules rules_;
  std::vector<std::string_view> pieces_;  // into bytes_, as are the keys of the tables; empty: no piece has this id
  PieceTable first_;                      // all pieces
  PieceTable following_;                  // those that begin with '##', without it
  std::vector<std::string> patterns_;     // of the normalized marks
  Marks marks_, normalized_marks_;
  SpecialTokens special_;
};

}  // namespace ingot::bert
