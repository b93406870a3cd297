#include "pipeline/frames.h"

#include <algorithm>

#include "bert/config.h"
#include "engine/base/error.h"
#include "pipeline/model_folder.h"

namespace ingot::pipeline {

using engine::require;

TextFrames::TextFrames(const std::string& where, std::int64_t length) {
  const std::filesystem::path folder = resolve_model_folder(where);
  const bert::Config config = bert::read_config(folder / "config.json");
  tokenizer_ = bert::load_tokenizer(folder);
  check_vocabulary(config, *tokenizer_, folder.string());
  framing_ = framing_for(folder, config, *tokenizer_, length);
  require(!framing_.pairs_apart, "{}: takes each text of a pair by itself, which hardware does not", folder.string());
}

std::vector<std::uint32_t> TextFrames::words(const std::string& text) const {
  data::Batch batch;
  if (framing_.pairs) {
    const auto n_tabs = std::count(text.begin(), text.end(), '\t');
    require(n_tabs == 1, "must be a pair of texts with one tab between, got {} tabs", n_tabs);
    const std::size_t tab = text.find('\t');
    append_pair(batch, framing_, tokenizer_->encode(text.substr(0, tab)), tokenizer_->encode(text.substr(tab + 1)));
  } else {
    append_sequence(batch, framing_, tokenizer_->encode(text));
  }
  std::vector<std::uint32_t> words{static_cast<std::uint32_t>(batch.ids.size())};
  for (std::size_t i = 0; i < batch.ids.size(); ++i)
    words.push_back(static_cast<std::uint32_t>(batch.ids[i]) | static_cast<std::uint32_t>(batch.token_types[i]) << 24);
  return words;
}

std::string bytes_of(const std::vector<std::uint32_t>& words) {
  std::string bytes;
  for (const std::uint32_t word : words) {
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 255);
  }
  return bytes;
}

}  // namespace ingot::pipeline
