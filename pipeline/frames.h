// Texts as the words that a whole model in hardware is sent through a serial line: rtl/uart_bridge.sv.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bert/tokenizers/tokenizer.h"
#include "data/batches.h"

namespace ingot::pipeline {

class TextFrames {
 public:
  // `where`: folder of a model, of which only the configuration and the tokenizer are read. `length`: most tokens of a
  // text; 0: as trained.
  TextFrames(const std::string& where, std::int64_t length);

  // The number of tokens, [CLS] and [SEP] included, and then a word a token: the id in bits 23 to 0, the type in bits
  // 31 to 24. For models of pairs a text is two with a tab between.
  std::vector<std::uint32_t> words(const std::string& text) const;

 private:
  std::unique_ptr<bert::Tokenizer> tokenizer_;
  data::Framing framing_;
};

// Four bytes a word, the lowest first.
std::string bytes_of(const std::vector<std::uint32_t>& words);

}  // namespace ingot::pipeline
