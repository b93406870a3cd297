// tokenizer.json, the one file in which Hugging Face's tokenizers library keeps a tokenizer and all that transformers 5
// writes: its settings become those of our tokenizers where they do the same, and are refused by name where they do
// not.
#pragma once

#include <string>
#include <string_view>

#include "bert/tokenizers/tokenizer.h"

namespace ingot::bert {

// A tokenizer as the files that load_tokenizer knows: vocab.txt with tokenizer_config.json, or tokenizer.model.
struct TokenizerFiles {
  std::string name;    // vocab.txt or tokenizer.model
  std::string bytes;   // of that file
  std::string config;  // text of tokenizer_config.json; empty if none is needed
};

// - WordPiece with BertNormalizer and BertPreTokenizer becomes vocab.txt.
// - Unigram becomes a SentencePiece model where text is normalised by a precompiled table, spaces are unified and
//   Metaspace sets words apart (other whitespace than spaces is removed only where the table makes it spaces); BPE the
//   same where in addition its merges are all those that its pieces allow, in the order of the merged pieces:
//   SentencePiece ranks pieces, not merges.
// In all of them [CLS] and [SEP] must be put around a text. `config` is the text of the tokenizer_config.json beside it
// (empty: there is none), which names the tokens for padding and masks. Throws Error, beginning with `subject` (the
// file), and naming the part that is another.
TokenizerFiles parse_tokenizer_json(std::string_view text, std::string_view config, const std::string& subject);

// The same tokenizer for the tokenizers library, for which AutoTokenizer of transformers 4 and 5 looks. Ids are the
// same, with exceptions of SentencePiece models: a special token that is written in a text is plain text to
// SentencePiece; where two cuts of a word score the same ("!!!!" as "!" and "!!!" or the other way round) float32 and
// float64 may choose another; and the library replaces a character with its combining marks as one, and loses the marks
// where the table knows the character alone (docs/interop.md counts them). Throws Error for a SentencePiece model with settings that the library has no words
// for (byte fallback, spaces as suffixes, pieces that the user defined).
std::string to_tokenizer_json(const Tokenizer& tokenizer);

}  // namespace ingot::bert
