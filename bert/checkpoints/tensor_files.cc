#include "bert/checkpoints/tensor_files.h"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/is_there.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace {

namespace fs = std::filesystem;
using engine::excerpt;
using engine::fail;
using engine::is_there;
using engine::require;

constexpr std::string_view kTorch = ".bin", kIndex = ".index.json";
constexpr const char* kFiles[] = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                                  "pytorch_model.bin.index.json"};

// The shard of each tensor.
using Places = std::map<std::string, std::string, std::less<>>;

Places read_index(const fs::path& path) {
  const std::string file = path.string();
  const std::string ending = file.ends_with(fmt::format("{}{}", kTorch, kIndex)) ? ".bin" : ".safetensors";
  const engine::Json json = engine::parse_json(engine::read_file(path, kMostIndexBytes), file);
  require(json.is_object() && json.contains("weight_map") && json["weight_map"].is_object(),
          "{}: must have an object weight_map with a file name for each tensor", file);
  Places places;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    require(shard.is_string(), "{}: weight_map: {}: must be a file name, is {}", file, excerpt(tensor),
            engine::shown(shard));
    const std::string name = shard.get<std::string>();
    require(name.ends_with(ending) && name.size() > ending.size() && !name.starts_with('.') &&
                name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos,
            "{}: weight_map: {}: must be the name of a {} file in the same folder, is '{}'", file, excerpt(tensor),
            ending, excerpt(name));
    places.emplace(tensor, name);
  }
  return places;
}

}  // namespace

fs::path tensor_file(const fs::path& folder) {
  for (const char* file : kFiles)
    if (is_there(folder / file)) return folder / file;
  require(!is_there(folder / "packed.safetensors"),
          "{}: holds packed codes, not the weights that this needs; use the folder that they were exported from",
          folder.string());
  fail("{}: no model.safetensors or pytorch_model.bin in this folder", folder.string());
}

TensorFiles::TensorFiles(const fs::path& folder) : paths_{tensor_file(folder)} {
  if (path().string().ends_with(kIndex))
    open_shards();
  else
    open(path());
}

void TensorFiles::open(const fs::path& path) {
  const std::string& name = names_.emplace_back(path.string());
  if (name.ends_with(kTorch)) {
    const auto& file = std::get<TorchFile>(files_.emplace_back(std::in_place_type<TorchFile>, path));
    tensors_.insert(tensors_.end(), file.tensors().begin(), file.tensors().end());
  } else {
    const auto& file =
        std::get<engine::Safetensors>(files_.emplace_back(std::in_place_type<engine::Safetensors>, path));
    for (const engine::SafetensorsEntry& entry : file.entries()) tensors_.push_back({entry, {}, &name});
  }
}

void TensorFiles::open_shards() {
  const fs::path index = path();
  const std::string subject = index.string();
  const Places places = read_index(index);
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : places) shards.insert(shard);
  require(shards.size() <= kMostShards, "{}: must name at most {} files, names {}", subject, kMostShards,
          shards.size());
  std::map<std::string_view, std::string_view> found;  // the shard in which a tensor is
  std::vector<std::pair<std::string, std::size_t>> ends;
  for (const std::string& shard : shards) {
    paths_.push_back(index.parent_path() / shard);
    require(is_there(paths_.back()), "{}: {} is missing in this folder", subject, excerpt(shard));
    open(paths_.back());
    ends.emplace_back(shard, tensors_.size());
  }
  std::size_t at = 0;
  for (const auto& [shard, end] : ends) {
    for (; at < end; ++at) {
      const std::string& tensor = tensors_[at].entry.name;
      const auto [first, is_new] = found.emplace(tensor, shard);
      require(is_new, "{}: tensor {} is in {} and in {}", subject, excerpt(tensor), excerpt(first->second),
              excerpt(shard));
      require(places.contains(tensor), "{}: tensor {} is in {}, but not in weight_map", subject, excerpt(tensor),
              excerpt(shard));
    }
  }
  for (const auto& [tensor, shard] : places) {
    const auto at_tensor = found.find(tensor);
    require(at_tensor != found.end() && at_tensor->second == shard, "{}: tensor {} is missing in {}", subject,
            excerpt(tensor), excerpt(shard));
  }
}

}  // namespace ingot::bert
