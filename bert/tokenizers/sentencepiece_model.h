// The content of a SentencePiece .model file (sentencepiece_model.proto), as data: what other forms of a tokenizer are
// made from and turned into.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::bert {

struct SentencePieceModel {
  enum Algorithm : std::uint64_t { unigram = 1, bpe = 2, word = 3, chars = 4 };
  enum Kind : std::uint64_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };
  struct Piece {
    std::string text;
    float score = 0;
    Kind kind = normal;
  };

  Algorithm algorithm = unigram;
  std::vector<Piece> pieces;  // by id
  std::string charsmap;       // normalisation: a trie of what is replaced, and replacements; empty: nothing is
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
  bool treat_whitespace_as_suffix = false, byte_fallback = false;
  // The pieces that stand for these; empty where there is none.
  std::string unknown_piece = "<unk>", begin_piece = "<s>", end_piece = "</s>", padding_piece = "<pad>";
};

// Throws Error, beginning with `subject`, if the bytes are no protocol buffer.
SentencePieceModel parse_sentencepiece_model(std::string_view bytes, std::string_view subject);

std::string to_bytes(const SentencePieceModel& model);

// The first piece that a text makes with a space behind a word: null where all pieces are of one word.
const std::string* piece_of_several_words(const SentencePieceModel& model);

}  // namespace ingot::bert
