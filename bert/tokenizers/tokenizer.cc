#include "bert/tokenizers/tokenizer.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "bert/tokenizers/sentencepiece_tokenizer.h"
#include "bert/tokenizers/wordpiece.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace fs = std::filesystem;

namespace {

using engine::fail;
using engine::require;

constexpr const char* kConfigName = "tokenizer_config.json";

// What "do_lower_case" says. The other settings of BERT's tokenizer must be as they always are.
bool wants_lower_case(std::string_view config, std::string_view subject) {
  if (config.empty()) return true;
  const nlohmann::json json = engine::parse_json_or_null(config);
  require(json.is_object(), "{}: must be a JSON object, is not", subject);
  const auto flag = [&](const char* key, bool otherwise) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return otherwise;
    require(found->is_boolean(), "{}: {} must be true or false, got {}", subject, key, found->type_name());
    return found->get<bool>();
  };
  const bool lower_case = flag("do_lower_case", true);
  require(flag("strip_accents", lower_case) == lower_case, "{}: strip_accents must equal do_lower_case, which is {}",
          subject, lower_case);
  require(flag("tokenize_chinese_chars", true), "{}: tokenize_chinese_chars must be true, got false", subject);
  return lower_case;
}

std::unique_ptr<Tokenizer> make(const std::string& path, std::string bytes, std::string_view config,
                                const std::string& config_path) {
  const fs::path kind = fs::path(path).extension();
  if (kind == ".model") return std::make_unique<SentencePieceTokenizer>(std::move(bytes), path);
  require(kind == ".txt", "{}: a tokenizer's name must end in .txt (WordPiece) or .model (SentencePiece)", path);
  return std::make_unique<WordPiece>(std::move(bytes), wants_lower_case(config, config_path), path);
}

fs::path tokenizer_file(const fs::path& path) {
  std::error_code ignored;  // what cannot be looked at cannot be read either: reading says why
  if (!fs::is_directory(path, ignored)) return path;
  fs::path found;
  for (const char* name : {"vocab.txt", "tokenizer.model", "spiece.model"}) {
    if (!fs::exists(path / name, ignored)) continue;
    require(found.empty(), "{}: must hold one tokenizer, got {} and {}", path.string(), found.filename().string(),
            name);
    found = path / name;
  }
  require(!found.empty(), "{}: must hold vocab.txt or tokenizer.model, holds neither", path.string());
  return found;
}

}  // namespace

std::uint64_t fingerprint(const Tokenizer& tokenizer) {
  return engine::content_hash(
      tokenizer.config(), engine::content_hash(tokenizer.serialized(), engine::content_hash(tokenizer.file_name())));
}

std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& path) {
  const fs::path file = tokenizer_file(path);
  const fs::path config = file.parent_path() / kConfigName;
  std::string bytes = engine::read_file(file);
  std::error_code ignored;
  if (file.extension() != ".txt" || !fs::exists(config, ignored)) return make(file.string(), std::move(bytes), "", "");
  const std::string settings = engine::read_file(config);
  require(!settings.empty(), "{}: must be a JSON object, is empty", config.string());
  return make(file.string(), std::move(bytes), settings, config.string());
}

std::unique_ptr<Tokenizer> make_tokenizer(std::string_view name, std::string bytes, std::string_view config) {
  return make(std::string(name), std::move(bytes), config, kConfigName);
}

void save_tokenizer(const Tokenizer& tokenizer, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  require(!error, "{}: cannot make the folder: {}", folder.string(), error.message());
  engine::write_file(folder / tokenizer.file_name(), tokenizer.serialized());
  const std::string config = tokenizer.config();
  if (!config.empty()) engine::write_file(folder / kConfigName, config);
}

}  // namespace ingot::bert
