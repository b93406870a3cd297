// How a WordPiece vocabulary is applied, as Hugging Face's files beside it say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bert/tokenizers/basic_words.h"
#include "engine/io/json.h"

namespace ingot::bert {

// Limits for folders that strangers made: reading one takes at most 32 times its bytes in memory.
inline constexpr std::size_t kMostVocabularyBytes = 16 << 20;     // vocab.txt
inline constexpr std::size_t kMostTokenizerJsonBytes = 32 << 20;  // tokenizer.json
inline constexpr std::size_t kMostSettingsBytes = 8 << 20;        // each of the files below
inline constexpr std::size_t kMostAddedTokens = 1 << 16;
inline constexpr std::size_t kMostAddedBytes = 1024;  // of one added token

// A token that is found in the text before it is split into words. (Whether it takes the spaces beside it with it, as
// Hugging Face's lstrip and rstrip say, changes no id: spaces have none.)
struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool normalized = false;  // looked for in the text as the normaliser leaves it, else in the text as it is
  bool special = false;

  friend bool operator==(const AddedToken&, const AddedToken&) = default;
};

struct WordPieceSettings {
  std::optional<bool> lower_case;        // absent: yes
  std::optional<bool> strip_accents;     // absent: as lower_case
  std::optional<bool> ideographs_apart;  // absent: yes
  std::string pad = "[PAD]", unknown = "[UNK]", cls = "[CLS]", sep = "[SEP]", mask = "[MASK]";
  std::vector<AddedToken> added;  // those five may be among them

  BasicRules rules() const;
  bool is_named(std::string_view content) const;  // one of the five
};

// The texts of the files beside a vocabulary; empty: there is no such file.
struct SettingsFiles {
  std::string folder;  // before their names in messages; with its slash
  std::string config = {}, added_tokens = {}, special_tokens = {};
};

// Throws Error, naming the file, if one is damaged or asks for what is not supported.
WordPieceSettings read_settings(const SettingsFiles& files);

// An entry of "added_tokens" in tokenizer.json, or of "added_tokens_decoder" in tokenizer_config.json.
AddedToken parse_added_token(const std::string& where, const engine::Json& value, const engine::Json& id);

// The text of the tokenizer_config.json that says these settings, and of which transformers makes the same tokenizer.
std::string config_text(const WordPieceSettings& settings);

}  // namespace ingot::bert
