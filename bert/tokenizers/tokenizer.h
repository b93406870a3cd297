// Text to token ids: one interface over SentencePiece and WordPiece.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::bert {

struct SpecialTokens {  // ids; -1 where the vocabulary has none
  std::int32_t pad = -1;
  std::int32_t unknown = -1;
  std::int32_t cls = -1;
  std::int32_t sep = -1;
  std::int32_t mask = -1;
};

// Thread-safe once built.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Ids of a text, without special tokens; empty for a text without content.
  virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;

  virtual std::int32_t size() const = 0;  // of the vocabulary, special tokens included
  virtual std::string piece(std::int32_t id) const = 0;
  virtual const SpecialTokens& special() const = 0;
  virtual std::string_view file_name() const = 0;     // its name in a model's folder: vocab.txt or tokenizer.model
  virtual const std::string& serialized() const = 0;  // the bytes of that file
  virtual std::string config() const = 0;  // text of the tokenizer_config.json beside it; empty where none is needed
};

// Hash of everything that decides the ids; part of the key of cached tokens.
std::uint64_t fingerprint(const Tokenizer& tokenizer);

// From a vocab.txt (WordPiece), a SentencePiece .model, a tokenizer.json, or a folder that holds one of them. Beside
// vocab.txt tokenizer_config.json, added_tokens.json and special_tokens_map.json are read, if they are there, beside
// tokenizer.json the first of them. Throws Error if there is none, or if a file is damaged or not supported.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path);

// From the bytes of such a file, as load_tokenizer would; `name` decides which kind it is, and `config` is the text of
// tokenizer_config.json (empty: there is none).
std::unique_ptr<Tokenizer> make_tokenizer(std::string_view name, std::string bytes, std::string_view config = {});

// Writes the tokenizer's files into a folder, which load_tokenizer then reads.
void save_tokenizer(const Tokenizer& tokenizer, const std::filesystem::path& folder);

}  // namespace ingot::bert
