// Hugging Face checkpoints: the tensors of a model folder under their canonical names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bert/config.h"
#include "bert/structure.h"

namespace ingot::bert {

struct CheckpointTensor {
  std::string name;  // canonical
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// Reads the tensors (of the file that bert/checkpoints/tensor_files.h chooses) and checks them against the config:
// every parameter there with its shape and a float dtype (F32; F16 and BF16 are widened), nothing unknown. Accepts bare
// names (without "bert."), gamma/beta for layer norms, and passes over what carries no information:
// embeddings.position_ids, a decoder equal to the word embedding (Error if it differs), the next-sentence head; a
// pooler in a masked-LM file. With `body_only`, heads are not read: the tensors under "bert." only, the pooler where
// the file has one.
std::vector<CheckpointTensor> read_checkpoint(const std::filesystem::path& folder, const Config& config,
                                              bool body_only = false);

// Whether the folder's tensors have a pooler, or a part of one: Hugging Face saves encoders without.
bool has_pooler(const std::filesystem::path& folder);

// A hash of the files that the tensors are in (not cryptographic): of model.safetensors that of its bytes.
std::uint64_t weights_fingerprint(const std::filesystem::path& folder);

struct TensorView {
  std::string name;
  std::vector<std::int64_t> shape;
  const float* values = nullptr;
};

// Writes config.json and model.safetensors into the folder (made at need), each atomically; metadata format "pt", the
// names and order as Hugging Face saves them (sorted by name).
void write_checkpoint(const std::filesystem::path& folder, const Config& config, std::span<const TensorView> tensors);

}  // namespace ingot::bert
