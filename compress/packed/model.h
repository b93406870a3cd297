// A compressed model as packed codes: config.json, compression.json and packed.safetensors, instead of float master
// weights and masks. What it weighs on a disk; it can be run, but not trained on.
//
// packed.safetensors holds, for each parameter NAME, NAME.mask, NAME.codes and NAME.exponents (U8) and NAME.floats
// (F32) as packed/tensor.h says, parts that are empty left out; a parameter without format, zeros included, is NAME
// (F32).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "bert/model.h"
#include "compress/compression.h"

namespace ingot::compress {

bool is_packed(const std::filesystem::path& folder);

// Writes the model that computes with `compression`. Throws Error for a tensor that cannot be packed.
void save_packed(const std::filesystem::path& folder, const bert::Model& model, const Compression& compression);

// The size in bytes of the packed.safetensors that save_packed would write; none where it would throw.
std::optional<std::int64_t> packed_bytes(const bert::Model& model, const Compression& compression);

struct PackedModel {
  bert::Model model;        // weights and biases as the compression has them, inputs and outputs changed on their way
  Compression compression;  // as it was, without masks
};

// What save_packed wrote; it predicts the same bits. Throws Error if the files are damaged or do not fit each other.
// Memory: at most 40 times the bytes of the file (a bit becomes a float32) and 16 MB; what config.json claims is
// compared with these before.
PackedModel load_packed(const std::filesystem::path& folder);

}  // namespace ingot::compress
