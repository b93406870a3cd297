// What compression does to a model: for each Linear and Embedding the formats of its tensors and the mask of its
// weight. Attached to a model it changes what the layers compute with (mask first, then format), never the weights
// themselves, so that training can go on; saved beside a checkpoint it comes back with it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bert/model.h"
#include "compress/formats/format.h"

namespace ingot::compress {

// The tensors of a layer; output is what it gives before the activation that follows it.
enum class Role { input, weight, bias, output };
inline constexpr std::array kRoles{Role::input, Role::weight, Role::bias, Role::output};
std::string_view name(Role role);

// How one tensor is quantised.
struct Quantizer {
  Format format;
  Mode mode = Mode::standard;
  // Of a fixed-point weight or bias: the fraction bits of each output channel (row), instead of the format's. Empty:
  // one for the whole tensor.
  std::vector<int> channel_frac_bits;
  bool clip = false;  // straight-through gradient 0 outside of the range

  friend bool operator==(const Quantizer&, const Quantizer&) = default;
};

// What is done to one Linear or Embedding.
struct LayerCompression {
  std::array<std::optional<Quantizer>, kRoles.size()> quantizers;  // by Role
  std::vector<std::uint8_t> weight_mask;                           // 1: kept, 0: pruned; empty: all kept
  double input_sparsity = 0;                                       // share of each token's inputs that are set to 0
  bool is_cheap = false;  // in integers, of a layer norm: its root by a table; of a softmax: exponentials by lines

  std::optional<Quantizer>& operator[](Role role) { return quantizers[static_cast<std::size_t>(role)]; }
  const std::optional<Quantizer>& operator[](Role role) const { return quantizers[static_cast<std::size_t>(role)]; }
};

// Layers by their names in Model::linears() and Model::tables(). A layer that is not named stays as it is.
using Compression = std::map<std::string, LayerCompression>;

// Makes the model compute with `compression` from now on, instead of what was attached before. Throws Error if it names
// a layer that the model lacks, or a mask or a list of fraction bits does not fit its tensor.
void attach(bert::Model& model, const Compression& compression);

// compression.json (formats and fraction bits) and, if there is a mask, masks.safetensors (a bit a weight), beside a
// model. An empty compression removes both.
void save_compression(const std::filesystem::path& folder, const Compression& compression);

// What save_compression wrote, or nothing where there is no such file. Throws Error if the files are damaged or do not
// fit the model.
Compression load_compression(const std::filesystem::path& folder, bert::Model& model);

// A hash of the whole compression, for the identity of a training run.
std::uint64_t fingerprint(const Compression& compression);

}  // namespace ingot::compress
