// The ROMs of an encoder core.
#pragma once

#include <optional>
#include <vector>

#include "hw/core/program.h"

namespace ingot::hw {

// Weights: ROMs of words one after another, in the order of their addresses. A ROM has a power of two of words, or few;
// a memory outside all words of weights of so many bits.
struct WeightRom {
  Image image;
  int bits;           // of a weight
  std::int64_t base;  // address of its first word
};

struct CoreImages {
  std::vector<WeightRom> weights;
  Image program, parameters, tables, exponentials, norms, norm_configs;
  Image roots;  // zeros if the core has no table of roots
  struct Embeddings {
    Image tokens, positions, types, token_shifts, position_shifts, type_shifts;
  };
  std::optional<Embeddings> embeddings;  // none: the core takes rows
};

CoreImages make_images(const Encoder& encoder, const CorePlan& plan);

// Those of memories outside.
std::vector<const Image*> outside_images(const CoreImages& images);

// Whether a ROM is built of logic: it is far from filling a block RAM.
bool is_in_logic(const Image& image);

// The sizes of fields that the words of the program and the parameters of rtl/encoder_core.sv are made of.
struct ProgramWidths {
  int pc, a_base, inner, tiles, b, beats, parameter_address, table_address, norm, slot;
};
ProgramWidths program_widths(const Encoder& encoder, const CorePlan& plan);

}  // namespace ingot::hw
