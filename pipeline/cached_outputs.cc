#include "pipeline/cached_outputs.h"

#include <fmt/format.h>

#include <set>
#include <span>

#include "engine/base/cache.h"
#include "engine/base/files.h"
#include "engine/io/safetensors.h"
#include "pipeline/model_folder.h"

namespace ingot::pipeline {

namespace fs = std::filesystem;

std::uint64_t hash_of_model(const std::string& where, std::uint64_t hash) {
  std::set<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(resolve_model_folder(where)))
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.')) files.insert(entry.path());
  for (const fs::path& file : files)
    hash = engine::file_content_hash(file, engine::content_hash(file.filename().string(), hash));
  return hash;
}

std::vector<float> cached_outputs(std::string_view kind, std::uint64_t hash,
                                  const std::function<std::vector<float>()>& compute) {
  const fs::path file = engine::cache_folder() / fmt::format("{}-{:016x}.safetensors", kind, hash);
  engine::touch_cache_entry(file);
  std::error_code absent;
  if (fs::exists(file, absent)) {
    const engine::Safetensors kept(file);
    return kept.floats(kept.get("outputs", "F32"));
  }
  std::vector<float> outputs = compute();
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(outputs.size())};
  const engine::SafetensorsEntry entry{"outputs", "F32", shape, std::as_bytes(std::span(outputs))};
  engine::write_safetensors(file, {&entry, 1});
  engine::trim_cache();
  return outputs;
}

}  // namespace ingot::pipeline
