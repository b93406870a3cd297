#include "bert/checkpoint.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <system_error>

#include "bert/checkpoints/tensor_files.h"
#include "bert/head.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/system_error.h"
#include "engine/io/safetensors.h"

namespace ingot::bert {
namespace {
namespace fs = std::filesystem;

using engine::fail;
using engine::require;
using engine::SafetensorsEntry;

constexpr std::string_view kBody = "bert.";

// A canonical name and the tensor that has it or an older one.
using Found = std::map<std::string, const StoredTensor*, std::less<>>;

std::string text_of(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ","));
}

// A pooler, or a part of one.
template <class Names>
bool holds_pooler(const Names& found) {
  return found.contains(fmt::format("{}.weight", kPooler)) || found.contains(fmt::format("{}.bias", kPooler));
}

// Those of the body alone: an encoder of the same sizes.
std::vector<ParameterSpec> body_specs(Config config, bool pooler) {
  config.head = &kEncoder;
  config.pooler = pooler;
  return parameter_specs(config);
}

bool replace_ending(std::string& name, std::string_view ending, std::string_view with) {
  if (!name.ends_with(ending)) return false;
  name.replace(name.size() - ending.size(), ending.size(), with);
  return true;
}

// Today's name of a tensor: with "bert." before the body, weight and bias for the gamma and beta of old layer norms.
std::string canonical(const std::string& name) {
  std::string text = name;
  for (const char* part : {"embeddings.", "encoder.", "pooler."})
    if (name.starts_with(part)) text = fmt::format("{}{}", kBody, name);
  if (!replace_ending(text, "LayerNorm.gamma", "LayerNorm.weight"))
    replace_ending(text, "LayerNorm.beta", "LayerNorm.bias");
  return text;
}

// The name under which Hugging Face saves a tensor: BertModel is its own body and says no "bert.".
std::string saved_name(const Head& head, const std::string& name) {
  return head.is_bare ? name.substr(kBody.size()) : name;
}

Found canonical_tensors(const TensorFiles& files, bool body_only) {
  Found found;
  for (const StoredTensor& tensor : files.tensors()) {
    const std::string name = canonical(tensor.entry.name);
    if (body_only && !name.starts_with(kBody)) continue;
    const auto [at, is_new] = found.emplace(name, &tensor);
    require(is_new, "{}: {} and {} are the same parameter", *tensor.file, at->second->entry.name, tensor.entry.name);
  }
  return found;
}

// Removes the entry of `spec` from `found` and returns its values.
CheckpointTensor take(const TensorFiles& files, const ParameterSpec& spec, Found& found) {
  const auto at = found.find(spec.name);
  require(at != found.end(), "{}: {} is missing", files.path().string(), spec.name);
  const SafetensorsEntry& entry = at->second->entry;
  const std::string& subject = *at->second->file;
  require(entry.shape == spec.shape, "{}: {}: expected shape {}, got {}", subject, entry.name, text_of(spec.shape),
          text_of(entry.shape));
  CheckpointTensor tensor{spec.name, spec.shape, floats_of(*at->second)};
  const auto wrong =
      std::find_if(tensor.values.begin(), tensor.values.end(), [](float value) { return !std::isfinite(value); });
  require(wrong == tensor.values.end(), "{}: {}: values must be finite, got {} at {}", subject, entry.name,
          wrong == tensor.values.end() ? 0.0f : *wrong, wrong - tensor.values.begin());
  found.erase(at);
  return tensor;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Removes a second copy of a parameter; Error if it is no copy.
void drop_copy(std::string_view copy, const char* original, std::span<const CheckpointTensor> tensors, Found& found) {
  const auto at = found.find(copy);
  if (at == found.end()) return;
  const auto tensor = std::find_if(tensors.begin(), tensors.end(),
                                   [&](const CheckpointTensor& candidate) { return candidate.name == original; });
  assert(tensor != tensors.end());
  const SafetensorsEntry& entry = at->second->entry;
  require(entry.shape == tensor->shape && same_bits(floats_of(*at->second), tensor->values),
          "{}: {} must be tied to {}, but differs from it", *at->second->file, entry.name, original);
  found.erase(at);
}

// Removes what the model does not need, and says so of everything else that is left.
void drop_known(const Config& config, bool body_only, Found& found) {
  std::erase_if(found, [&](const auto& item) {
    const std::string& name = item.first;
    return name == "bert.embeddings.position_ids" || name.starts_with("cls.seq_relationship.") ||
           (config.head->pooler == PoolerUse::never && name.starts_with(fmt::format("{}.", kPooler)));
  });
  if (found.empty()) return;
  const StoredTensor& tensor = *found.begin()->second;
  const SafetensorsEntry& entry = tensor.entry;
  fail("{}: {} of shape {} is not a parameter of {} with {} layers", *tensor.file, entry.name, text_of(entry.shape),
       body_only ? "the body" : architecture(*config.head), config.num_hidden_layers);
}

void check_tensors(const std::string& subject, const Config& config, std::span<const TensorView> tensors) {
  std::map<std::string, std::vector<std::int64_t>> expected;
  for (const ParameterSpec& spec : parameter_specs(config)) expected.emplace(spec.name, spec.shape);
  for (const TensorView& tensor : tensors) {
    assert(tensor.values != nullptr);
    const auto at = expected.find(tensor.name);
    require(at != expected.end(), "{}: {} is given twice or not a parameter of {}", subject, tensor.name,
            architecture(*config.head));
    require(tensor.shape == at->second, "{}: {}: expected shape {}, got {}", subject, tensor.name, text_of(at->second),
            text_of(tensor.shape));
    expected.erase(at);
  }
  if (!expected.empty()) fail("{}: {} is missing", subject, expected.begin()->first);
}

}  // namespace

bool has_pooler(const fs::path& folder) {
  const TensorFiles files(folder);
  return holds_pooler(canonical_tensors(files, true));
}

std::uint64_t weights_fingerprint(const fs::path& folder) {
  const TensorFiles files(folder);
  std::optional<std::uint64_t> hash;
  for (const fs::path& path : files.paths()) {
    const engine::MappedFile file(path);
    const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    hash = hash ? engine::content_hash(bytes, *hash) : engine::content_hash(bytes);
  }
  return *hash;
}

std::vector<CheckpointTensor> read_checkpoint(const fs::path& folder, const Config& config, bool body_only) {
  const TensorFiles files(folder);
  Found found = canonical_tensors(files, body_only);
  const std::vector<ParameterSpec> specs =
      body_only ? body_specs(config, holds_pooler(found)) : parameter_specs(config);
  std::vector<CheckpointTensor> tensors;
  for (const ParameterSpec& spec : specs) tensors.push_back(take(files, spec, found));
  for (const Copy& tied : config.head->copies) {
    if (!body_only) drop_copy(tied.copy, tied.original, tensors, found);
  }
  drop_known(config, body_only, found);
  return tensors;
}

void write_checkpoint(const fs::path& folder, const Config& config, std::span<const TensorView> tensors) {
  const fs::path path = folder / "model.safetensors";
  check(config, (folder / "config.json").string());
  check_tensors(path.string(), config, tensors);
  std::error_code error;
  fs::create_directories(folder, error);
  engine::require_done(error, folder, "make this folder");
  std::vector<SafetensorsEntry> entries;
  for (const TensorView& tensor : tensors) {
    SafetensorsEntry entry{saved_name(*config.head, tensor.name), "F32", tensor.shape, {}};
    const auto n_values = static_cast<std::size_t>(entry.size());
    entry.bytes = std::as_bytes(std::span(tensor.values, n_values));
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) { return a.name < b.name; });
  // The tensors first: when the disk is full, the folder keeps its old pair.
  engine::write_safetensors(path, entries, {{"format", "pt"}});
  write_config(folder / "config.json", config);
}

}  // namespace ingot::bert
