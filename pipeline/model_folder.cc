#include "pipeline/model_folder.h"

#include "bert/head.h"
#include "bert/tokenizers/wordpiece_settings.h"
#include "compress/packed/model.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/is_there.h"
#include "engine/io/json.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
using engine::require;

constexpr std::int64_t kMostPadding = 1024;  // rows of a model that its tokenizer has no piece for

fs::path resolve_model_folder(const fs::path& folder) {
  require(fs::is_directory(folder), "{}: no such model folder", folder.string());
  for (const fs::path& candidate : {folder, folder / "best", folder / "last"}) {
    if (fs::exists(candidate / "config.json")) return candidate;
  }
  engine::fail("{}: holds no model: there is no config.json in it, nor in best/ or last/", folder.string());
}

CompressedModel with_compression(bert::Model model, const fs::path& folder) {
  CompressedModel loaded{std::move(model), {}};
  loaded.compression = compress::load_compression(folder, loaded.model);
  compress::attach(loaded.model, loaded.compression);
  return loaded;
}

CompressedModel load_compressed_or_packed_model(const fs::path& folder) {
  if (!compress::is_packed(folder)) return load_compressed_model(folder);
  compress::PackedModel packed = compress::load_packed(folder);
  return {std::move(packed.model), std::move(packed.compression)};
}

CompressedModel load_compressed_model(const fs::path& folder) {
  return with_compression(bert::load_model(folder), folder);
}

data::Framing framing_for(const fs::path& folder, const bert::Config& config, const bert::Tokenizer& tokenizer,
                          std::int64_t length) {
  const bert::SpecialTokens& special = tokenizer.special();
  require(special.cls >= 0 && special.sep >= 0, "{}: the tokenizer has no [CLS] or [SEP] token", folder.string());
  data::Framing framing{.cls = special.cls,
                        .sep = special.sep,
                        .length = config.max_position_embeddings,
                        .pairs_apart = config.head->pairs_apart};
  const fs::path file = folder / "tokenizer_config.json";
  if (engine::is_there(file)) {
    const auto json = engine::parse_json(engine::read_file(file, bert::kMostSettingsBytes), file.string());
    require(json.is_object(), "{}: must be a JSON object, is {}", file.string(), engine::shown(json));
    if (const auto limit = json.find("model_max_length"); limit != json.end() && !limit->is_null()) {
      require(limit->is_number() && limit->get<double>() >= 3,
              "{}: model_max_length must be a number from 3 ([CLS], a token, [SEP]), got {}", file.string(),
              engine::shown(*limit));
      // Hugging Face writes 1e30 for "no limit".
      framing.length = static_cast<std::int64_t>(
          std::min(limit->get<double>(), static_cast<double>(config.max_position_embeddings)));
    }
    if (const auto side = json.find("truncation_side"); side != json.end() && !side->is_null()) {
      require(*side == "right", "{}: truncation_side: only \"right\" is supported, got {}", file.string(),
              engine::shown(*side));
    }
    if (const auto pairs = json.find("ingot_pairs"); pairs != json.end()) framing.pairs = *pairs == true;
    if (const auto rule = json.find("ingot_truncation"); rule != json.end() && rule->is_string()) {
      framing.truncation = truncation_from_name(rule->get<std::string>());
    }
  }
  if (length > 0) framing.length = length;
  require(framing.length >= 3, "length: must be at least 3 ([CLS], a token, [SEP]), got {}", framing.length);
  require(framing.length <= config.max_position_embeddings, "length: {} is above the {} positions of the model",
          framing.length, config.max_position_embeddings);
  return framing;
}

void check_vocabulary(const bert::Config& config, const bert::Tokenizer& tokenizer, const std::string& where) {
  const std::int64_t n = tokenizer.size(), n_unused = config.vocab_size - n;
  require(n_unused >= 0 && n_unused < std::min<std::int64_t>(n, kMostPadding),
          "{}: the vocabulary has {} pieces, the model {}", where, n, config.vocab_size);
}

void save_tokenizer(const fs::path& folder, const bert::Tokenizer& tokenizer, const data::Framing& framing) {
  bert::save_tokenizer(tokenizer, folder);
  engine::Json json = engine::Json::object();
  if (!tokenizer.config().empty()) json = engine::Json::parse(tokenizer.config());
  json["model_max_length"] = framing.length;
  json["ingot_truncation"] = name(framing.truncation);
  json.erase("ingot_pairs");  // that of the model it comes from
  if (framing.pairs) json["ingot_pairs"] = true;
  engine::write_file(folder / "tokenizer_config.json", json.dump(2) + "\n");
}

void check_free(const fs::path& folder) {
  for (const char* file :
       {"config.json", "model.safetensors", "packed.safetensors", "compression.json", "training.safetensors"}) {
    require(!engine::is_there(folder / file), "{}: holds a model or a run already; choose another folder",
            folder.string());
  }
}

void copy_tokenizer(const fs::path& from, const fs::path& to) {
  for (const char* file : {"vocab.txt", "tokenizer.model", "tokenizer_config.json", "added_tokens.json",
                           "special_tokens_map.json", "seen_texts.safetensors"}) {
    if (engine::is_there(from / file)) engine::write_file(to / file, engine::read_file(from / file));
  }
}

data::Truncation truncation_from_name(const std::string& name) {
  require(name == "head" || name == "head-tail", "truncation: must be head or head-tail, got '{}'", name);
  return name == "head" ? data::Truncation::head : data::Truncation::head_tail;
}

std::string name(data::Truncation truncation) { return truncation == data::Truncation::head ? "head" : "head-tail"; }

}  // namespace ingot::pipeline
