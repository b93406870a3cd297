// The files of a model folder that hold its tensors: one, or an index and the shards that it names.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "bert/checkpoints/stored_tensor.h"
#include "bert/checkpoints/torch_file.h"

namespace ingot::bert {

inline constexpr std::size_t kMostIndexBytes = 16 << 20;  // of an index, JSON
inline constexpr std::size_t kMostShards = 1024;

// The file in which the tensors of a folder are, or their index. Of several the first, as Hugging Face chooses:
// model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json. Throws Error if
// there is none.
std::filesystem::path tensor_file(const std::filesystem::path& folder);

// That file, opened with its shards. A shard is named by a plain file name and holds the tensors that the index puts
// there, no others. Throws Error as Safetensors and TorchFile do, or naming index, shard, tensor and rule.
class TensorFiles {
 public:
  explicit TensorFiles(const std::filesystem::path& folder);
  TensorFiles(const TensorFiles&) = delete;  // the tensors have pointers into it
  TensorFiles& operator=(const TensorFiles&) = delete;

  const std::filesystem::path& path() const { return paths_.front(); }       // what tensor_file gives
  const std::deque<std::filesystem::path>& paths() const { return paths_; }  // and the shards by name
  const std::vector<StoredTensor>& tensors() const { return tensors_; }

 private:
  void open(const std::filesystem::path& path);
  void open_shards();

  std::deque<std::filesystem::path> paths_;
  std::deque<std::string> names_;
  std::deque<std::variant<engine::Safetensors, TorchFile>> files_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace ingot::bert
