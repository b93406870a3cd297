// Text to words as BERT's basic tokenizer does (google-research/bert, tokenization.py; Hugging Face's BertNormalizer
// and BertPreTokenizer): control characters removed, whitespace unified, CJK ideographs set apart, and, when
// lower-casing, canonical decomposition without nonspacing marks, then lower case; split at whitespace and around
// punctuation.
#pragma once

#include <string>
#include <string_view>

namespace ingot::bert {

// What is changed in a text before it is split.
struct BasicRules {
  bool lower_case = true;
  bool strip_accents = true;     // canonical decomposition without nonspacing marks
  bool ideographs_apart = true;  // spaces around CJK ideographs

  friend bool operator==(const BasicRules&, const BasicRules&) = default;
};

// Reads the words of a text one after another.
class BasicWords {
 public:
  // The text must be well-formed UTF-8 and outlive the reader.
  BasicWords(std::string_view text, const BasicRules& rules) : text_(text), rules_(rules) {}

  // The next word, valid until the next call; empty at the end of the text.
  std::string_view next();

  // All of the text as it is before it is split: with a space for each whitespace.
  static std::string normalized(std::string_view text, const BasicRules& rules);

 private:
  std::string_view next_ascii();
  std::string_view next_normalized();
  void normalize_stretch();
  void append_normalized(char32_t code);
  void append_cased(char32_t code);
  void order_marks();

  std::string_view text_;
  BasicRules rules_;
  std::size_t at_ = 0;         // in text_
  std::u32string normalized_;  // a stretch between ASCII whitespace that holds more than plain ASCII
  std::size_t at_normalized_ = 0;
  std::size_t marks_begin_ = 0;  // in normalized_: combining characters whose order is not yet canonical
  std::string word_;
};

}  // namespace ingot::bert
