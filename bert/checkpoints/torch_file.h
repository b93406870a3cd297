// Files of torch.save: a zip archive with a pickled state dict and the bytes of its storages.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bert/checkpoints/stored_tensor.h"
#include "bert/checkpoints/stored_zip.h"

namespace ingot::bert {

// Views of one storage may share it, but all tensors together have at most so many times the bytes of the file.
inline constexpr std::uint64_t kMostSharing = 4;

// A file mapped and checked whole on opening, as StoredZip and read_state_dict do; each storage has the bytes that its
// type and number of values ask for, and each tensor lies inside of its storage and has no more elements than it.
// Throws Error naming file, tensor and rule, and for files of PyTorch before 1.6, which are no zip archives, what to
// do.
class TorchFile {
 public:
  explicit TorchFile(const std::filesystem::path& path);
  TorchFile(const TorchFile&) = delete;  // the tensors have pointers into it
  TorchFile& operator=(const TorchFile&) = delete;

  const std::vector<StoredTensor>& tensors() const { return tensors_; }  // in the order of the state dict

 private:
  std::string file_;
  StoredZip zip_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace ingot::bert
