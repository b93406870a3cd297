#include "bert/checkpoint.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <map>
#include <system_error>

#include "bert/head.h"
#include "engine/base/error.h"
#include "engine/io/safetensors.h"

namespace ingot::bert {
namespace {
namespace fs = std::filesystem;

using engine::fail;
using engine::require;
using engine::Safetensors;
using engine::SafetensorsEntry;

constexpr std::string_view kBody = "bert.";

// A canonical name and the entry of the file that has it under that name or an older one.
using Found = std::map<std::string, const SafetensorsEntry*, std::less<>>;

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

fs::path model_file(const fs::path& folder) {
  const fs::path file = folder / "model.safetensors";
  std::error_code error;
  if (fs::exists(file, error)) return file;
  require(!fs::exists(folder / "model.safetensors.index.json", error),
          "{}: the checkpoint is split over several files; save it as one model.safetensors (in Python: "
          "model.save_pretrained(folder, max_shard_size=\"100GB\"))",
          folder.string());
  require(!fs::exists(folder / "packed.safetensors", error),
          "{}: holds packed codes, which only eval and predict read; use the folder that they were exported from",
          folder.string());
  require(!fs::exists(folder / "pytorch_model.bin", error),
          "{}: has pytorch_model.bin, which is not read; save it as model.safetensors (in Python: "
          "model.save_pretrained(folder, safe_serialization=True))",
          folder.string());
  fail("{}: no model.safetensors in this folder", folder.string());
}

Found canonical_entries(const std::string& subject, const Safetensors& file, bool body_only) {
  Found found;
  for (const SafetensorsEntry& entry : file.entries()) {
    const std::string name = canonical(entry.name);
    if (body_only && !name.starts_with(kBody)) continue;
    const auto [at, is_new] = found.emplace(name, &entry);
    require(is_new, "{}: {} and {} are the same parameter", subject, at->second->name, entry.name);
  }
  return found;
}

// Removes the entry of `spec` from `found` and returns its values.
CheckpointTensor take(const std::string& subject, const Safetensors& file, const ParameterSpec& spec, Found& found) {
  const auto at = found.find(spec.name);
  require(at != found.end(), "{}: {} is missing", subject, spec.name);
  const SafetensorsEntry& entry = *at->second;
  require(entry.shape == spec.shape, "{}: {}: expected shape {}, got {}", subject, entry.name, text_of(spec.shape),
          text_of(entry.shape));
  CheckpointTensor tensor{spec.name, spec.shape, file.floats(entry)};
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
void drop_copy(const std::string& subject, const Safetensors& file, std::string_view copy, const char* original,
               std::span<const CheckpointTensor> tensors, Found& found) {
  const auto at = found.find(copy);
  if (at == found.end()) return;
  const auto tensor = std::find_if(tensors.begin(), tensors.end(),
                                   [&](const CheckpointTensor& candidate) { return candidate.name == original; });
  assert(tensor != tensors.end());
  const SafetensorsEntry& entry = *at->second;
  require(entry.shape == tensor->shape && same_bits(file.floats(entry), tensor->values),
          "{}: {} must be tied to {}, but differs from it", subject, entry.name, original);
  found.erase(at);
}

// Removes what the model does not need, and says so of everything else that is left.
void drop_known(const std::string& subject, const Config& config, bool body_only, Found& found) {
  std::erase_if(found, [&](const auto& item) {
    const std::string& name = item.first;
    return name == "bert.embeddings.position_ids" || name.starts_with("cls.seq_relationship.") ||
           (config.head->pooler == PoolerUse::never && name.starts_with(fmt::format("{}.", kPooler)));
  });
  if (found.empty()) return;
  const SafetensorsEntry& entry = *found.begin()->second;
  fail("{}: {} of shape {} is not a parameter of {} with {} layers", subject, entry.name, text_of(entry.shape),
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
  const fs::path path = model_file(folder);
  const Safetensors file(path);
  return holds_pooler(canonical_entries(path.string(), file, true));
}

std::vector<CheckpointTensor> read_checkpoint(const fs::path& folder, const Config& config, bool body_only) {
  const fs::path path = model_file(folder);
  const std::string subject = path.string();
  const Safetensors file(path);
  Found found = canonical_entries(subject, file, body_only);
  const std::vector<ParameterSpec> specs =
      body_only ? body_specs(config, holds_pooler(found)) : parameter_specs(config);
  std::vector<CheckpointTensor> tensors;
  for (const ParameterSpec& spec : specs) tensors.push_back(take(subject, file, spec, found));
  for (const Copy& tied : config.head->copies) {
    if (!body_only) drop_copy(subject, file, tied.copy, tied.original, tensors, found);
  }
  drop_known(subject, config, body_only, found);
  return tensors;
}

void write_checkpoint(const fs::path& folder, const Config& config, std::span<const TensorView> tensors) {
  const fs::path path = folder / "model.safetensors";
  check(config, (folder / "config.json").string());
  check_tensors(path.string(), config, tensors);
  std::error_code error;
  fs::create_directories(folder, error);
  require(!error, "{}: cannot make this folder: {}", folder.string(), error.message());
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
