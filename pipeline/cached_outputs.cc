#include "pipeline/cached_outputs.h"

#include <fmt/format.h>

#include <optional>
#include <span>

#include "bert/checkpoint.h"
#include "engine/base/cache.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/is_there.h"
#include "engine/base/isa.h"
#include "engine/io/safetensors.h"
#include "pipeline/model_folder.h"

namespace ingot::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr const char *kOutputs = "outputs", *kHash = "hash";

std::string hash_text(const std::vector<float>& outputs) {
  return fmt::format("{:016x}", engine::hash_of_values(std::span(outputs), 0));
}

// What an entry holds if it is whole.
std::optional<std::vector<float>> kept(const fs::path& file) {
  std::error_code absent;
  if (!fs::exists(file, absent)) return {};
  engine::touch_cache_entry(file);
  try {
    const engine::Safetensors entry(file);
    std::vector<float> outputs = entry.floats(entry.get(kOutputs, "F32"));
    const auto hash = entry.metadata().find(kHash);
    if (hash != entry.metadata().end() && hash->second == hash_text(outputs)) return outputs;
  } catch (const engine::Error&) {  // cut off, or another process emptied the cache
  }
  return {};
}

}  // namespace

std::uint64_t hash_of_model(const std::string& where, std::uint64_t hash) {
  const fs::path folder = resolve_model_folder(where);
  for (const char* file :
       {"config.json", "tokenizer_config.json", "compression.json", "masks.safetensors", "model.safetensors",
        "packed.safetensors", "pytorch_model.bin", "tokenizer.model", "tokenizer.json", "vocab.txt"}) {
    if (engine::is_there(folder / file))
      hash = engine::file_content_hash(folder / file, engine::content_hash(file, hash));
  }
  for (const char* index : {"model.safetensors.index.json", "pytorch_model.bin.index.json"})
    if (engine::is_there(folder / index)) hash = engine::hash_of_value(bert::weights_fingerprint(folder), hash);
  return hash;
}

Classifier load_unchanged_classifier(const std::string& where, std::int64_t length, std::uint64_t hash) {
  Classifier loaded = load_classifier(where, length);
  engine::require(hash_of_model(where, 0) == hash, "{}: changed while it was read; run the command again", where);
  return loaded;
}

std::vector<float> cached_outputs(std::string_view kind, std::uint64_t hash,
                                  const std::function<std::vector<float>()>& compute) {
  const std::uint64_t key = engine::content_hash(engine::name(engine::active_isa()), hash);
  const fs::path file = engine::cache_folder() / fmt::format("{}-{:016x}.safetensors", kind, key);
  if (std::optional<std::vector<float>> outputs = kept(file)) return *std::move(outputs);
  std::vector<float> outputs = compute();
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(outputs.size())};
  const engine::SafetensorsEntry entry{kOutputs, "F32", shape, std::as_bytes(std::span(outputs))};
  engine::write_safetensors(file, {&entry, 1}, {{kHash, hash_text(outputs)}});
  engine::trim_cache();
  return outputs;
}

}  // namespace ingot::pipeline
