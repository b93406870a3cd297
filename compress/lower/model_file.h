// Reads a graph that a user wrote by hand: a TOML file for small models.
//
//   name = "mlp"                      # letters, digits, _ and '.'
//   input = "fixed(8,3)"              # of the first layer
//   weights = "mlp.safetensors"       # optional: float tensors NAME.weight [outputs, inputs], NAME.bias [outputs];
//                                     # without it they are drawn by the seed, uniformly from +-1/sqrt(inputs)
//   draw = "all_codes"                # optional: they are drawn uniformly from all codes of their formats instead
//   vectors = [[-8, 3, 0, 1]]         # optional: input codes to simulate
//   [[layers]]
//   name = "fc1"
//   type = "linear"
//   inputs = 4                        # of the first layer
//   outputs = 8
//   weight = "fixed(8,3)"
//   bias = "fixed(8,3)"
//   output = "fixed(8,3,floor)"       # with its rounding
//   [[layers]]
//   name = "act"
//   type = "relu"                     # or another operation of compress/integer/ops/
//   output = "fixed(8,3)"             # optional: by default the format of its input
//   slope = 0.125                     # of leaky_relu: a multiple of 2^-16 below 1
//   seed = 172                        # of rrelu_lab and rrelu_uniform
//
// If the first layer is an activation, it has `size = 8` instead of `inputs`. A file has at most 1024 layers, and 2^24
// weights in all of them together.
#pragma once

#include <filesystem>

#include "compress/integer/graph.h"

namespace ingot::compress {

struct ModelFile {
  Graph graph;
  std::vector<std::int32_t> vectors;  // [n, n_in] input codes
};

// Reads a file. Numbers become codes as engine/base/fixed_point.h defines; a number outside its format is refused, not
// saturated. Throws Error naming file, layer, rule and value.
ModelFile read_model_file(const std::filesystem::path& path, std::uint64_t seed);

// The same from the text of a file. The path of `weights` is relative to `folder`.
ModelFile parse_model(const std::string& text, const std::string& subject, const std::filesystem::path& folder,
                      std::uint64_t seed);

}  // namespace ingot::compress
