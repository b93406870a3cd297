// A graph that a user wrote: a TOML file for small models.
//
//   name = "mlp"                      # letters, digits, _ and '.'
//   input = "fixed(8,3)"              # of the first layer
//   weights = "mlp.safetensors"       # optional: float tensors NAME.weight [outputs, inputs], NAME.bias [outputs];
//                                     # else drawn: uniform over +-1/sqrt(inputs), a function of the seed
//   draw = "all_codes"                # optional: else drawn so, from all codes of their formats alike
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
//   type = "relu"                     # or another name of functions.h
//   output = "fixed(8,3)"             # optional: default is the format that it is given
//   slope = 0.125                     # of leaky_relu: a multiple of 2^-16 below 1
//   seed = 172                        # of rrelu_lab and rrelu_uniform
//
// A first layer that is no Linear says its size instead of inputs: size = 8. At most 1024 layers, and 2^24 weights in
// all of them together.
#pragma once

#include <filesystem>

#include "hw/graph/graph.h"

namespace ingot::hw {

struct ModelFile {
  Graph graph;
  std::vector<std::int32_t> vectors;  // [n, n_in] input codes
};

// Throws Error naming file, layer, rule and value for anything else. Numbers become codes as base/fixed_point.h says;
// one outside of its format is refused, not saturated.
ModelFile read_model_file(const std::filesystem::path& path, std::uint64_t seed);

// The same from the text of a file; weights lie relative to `folder`.
ModelFile parse_model(const std::string& text, const std::string& subject, const std::filesystem::path& folder,
                      std::uint64_t seed);

}  // namespace ingot::hw
