// The size of a compressed model: bits a parameter, bytes, zeros.
#pragma once

#include "compress/compression.h"

namespace ingot::compress {

struct LayerFootprint {
  std::string name;
  std::array<std::string, kRoles.size()> formats;  // by Role, as Format is written; float32 where nothing is quantised
  std::int64_t weights = 0, zeros = 0;             // elements of the weight, and those that its mask prunes
};

struct Footprint {
  double average_bits = 0;        // over all parameters of the model; 32 for what stays float
  std::int64_t packed_bytes = 0;  // of the weights file of a packed folder (packed/model.h); where a tensor cannot be
                                  // packed, average_bits of each parameter
  std::int64_t float_bytes = 0;
  double sparsity = 0;                 // share of the weights in masked layers that the masks prune
  std::vector<LayerFootprint> layers;  // those that the compression names
};

// Footprint::average_bits alone, without packing anything.
double average_bits(bert::Model& model, const Compression& compression);

Footprint footprint(bert::Model& model, const Compression& compression);

// The name of a layer's format: fixed(8,5), or with fraction bits by channel fixed(8,4..7).
std::string to_string(const Quantizer& quantizer);

}  // namespace ingot::compress
