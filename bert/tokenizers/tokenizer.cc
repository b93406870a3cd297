#include "bert/tokenizers/tokenizer.h"

#include <algorithm>
#include <utility>

#include "bert/tokenizers/sentencepiece_tokenizer.h"
#include "bert/tokenizers/tokenizer_folder.h"
#include "bert/tokenizers/tokenizer_json.h"
#include "bert/tokenizers/wordpiece.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/is_there.h"
#include "engine/base/memory.h"
#include "engine/base/system_error.h"

namespace ingot::bert {
namespace fs = std::filesystem;

namespace {

using engine::require;

constexpr const char* kConfigName = "tokenizer_config.json";
constexpr const char* kFileNames[] = {"vocab.txt", "tokenizer.model", "spiece.model"};
constexpr const char* kJsonName = "tokenizer.json";
constexpr const char* kOtherNames[] = {"vocab.json", "merges.txt", "sentencepiece.bpe.model"};

std::unique_ptr<Tokenizer> make(const std::string& path, std::string bytes, const SettingsFiles& files) {
  const fs::path kind = fs::path(path).extension();
  if (kind == ".json") {
    TokenizerFiles native = parse_tokenizer_json(bytes, files.config, path);
    return make(path + ": " + native.name, std::move(native.bytes), {.folder = path + ": ", .config = native.config});
  }
  if (kind == ".model") return std::make_unique<SentencePieceTokenizer>(std::move(bytes), path);
  require(kind == ".txt", "{}: a tokenizer's name must end in .txt (WordPiece), .model (SentencePiece) or .json", path);
  return std::make_unique<WordPiece>(std::move(bytes), read_settings(files), path);
}

// The text of a file that may be there.
std::string text_beside(const fs::path& file, const char* name) {
  const fs::path path = file.parent_path() / name;
  if (!engine::is_there(path)) return {};
  std::string text = engine::read_file(path, kMostSettingsBytes);
  require(!text.empty(), "{}: must be a JSON object, is empty", path.string());
  return text;
}

fs::path tokenizer_file(const fs::path& path) {
  std::error_code ignored;  // what cannot be looked at cannot be read either: reading says why
  if (!fs::is_directory(path, ignored)) return path;
  fs::path found;
  for (const char* name : kFileNames) {
    if (!engine::is_there(path / name)) continue;
    require(found.empty(), "{}: must hold one tokenizer, got {} and {}", path.string(), found.filename().string(),
            name);
    found = path / name;
  }
  if (found.empty() && engine::is_there(path / kJsonName)) found = path / kJsonName;
  for (const char* name : kOtherNames) {
    require(
        !found.empty() || !engine::is_there(path / name),
        "{}: its tokenizer is in {}, which is not read; only vocab.txt, tokenizer.json and SentencePiece models are",
        path.string(), name);
  }
  require(!found.empty(), "{}: must hold vocab.txt, tokenizer.model or tokenizer.json, holds none", path.string());
  return found;
}

}  // namespace

std::uint64_t fingerprint(const Tokenizer& tokenizer) {
  return engine::content_hash(
      tokenizer.config(), engine::content_hash(tokenizer.serialized(), engine::content_hash(tokenizer.file_name())));
}

bool holds_tokenizer(const fs::path& folder) {
  const auto is_there = [&](const char* name) { return engine::is_there(folder / name); };
  return std::any_of(std::begin(kFileNames), std::end(kFileNames), is_there) || is_there(kJsonName) ||
         std::any_of(std::begin(kOtherNames), std::end(kOtherNames), is_there);
}

std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& path) {
  const fs::path file = tokenizer_file(path);
  return engine::naming_file(file, [&] {
    const bool is_words = file.extension() == ".txt", is_json = file.extension() == ".json";
    std::string bytes = engine::read_file(file, is_words  ? kMostVocabularyBytes
                                                : is_json ? kMostTokenizerJsonBytes
                                                          : kMostModelBytes);
    SettingsFiles files{.folder = file.has_parent_path() ? file.parent_path().string() + "/" : ""};
    if (is_words || is_json) files.config = text_beside(file, kConfigName);
    if (is_words) {
      files.added_tokens = text_beside(file, "added_tokens.json");
      files.special_tokens = text_beside(file, "special_tokens_map.json");
    }
    return make(file.string(), std::move(bytes), files);
  });
}

std::unique_ptr<Tokenizer> make_tokenizer(std::string_view name, std::string bytes, std::string_view config) {
  return make(std::string(name), std::move(bytes), {.folder = "", .config = std::string(config)});
}

void save_tokenizer(const Tokenizer& tokenizer, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  engine::require_done(error, folder, "make the folder");
  engine::write_file(folder / tokenizer.file_name(), tokenizer.serialized());
  const std::string config = tokenizer.config();
  if (!config.empty()) engine::write_file(folder / kConfigName, config);
}

}  // namespace ingot::bert
