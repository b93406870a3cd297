// A quantised tensor as codes, each of as many bits as its format has numbers to choose from:
//
// - fixed, ufixed: the code, in two's complement; fraction bits belong to the format;
// - formats that list their numbers (at most 16 bits): the place in that list;
// - binary, ternary: the sign, and the scale of each group;
// - block formats: the place in the block's grid and a sign, and the exponent of each block;
// - others, with at most 256 different numbers in a tensor: the place among these, which are stored;
// - no format: float32.
//
// Where many are 0, a bit for each element says which are not, and only these follow.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compress/compression.h"
#include "engine/tensor/shape.h"

namespace ingot::compress {

// The stored parts of a tensor. A part that is not needed is empty.
struct PackedTensor {
  std::vector<std::uint8_t> mask;       // a bit an element, the lowest first: is it other than 0?
  std::vector<std::uint8_t> codes;      // of all elements, or of those in the mask; packed/codes.h
  std::vector<std::uint8_t> exponents;  // of the blocks, above the lowest exponent that a block's grid can have
  std::vector<float> floats;            // scales of groups; all different numbers, ascending; or the elements

  std::size_t bytes() const { return mask.size() + codes.size() + exponents.size() + 4 * floats.size(); }
};

// `values` are numbers of the quantizer's format already. Takes the smaller of the dense and the sparse form. Throws
// Error, beginning with `subject`, if a value has no code.
PackedTensor pack_tensor(const std::string& subject, const std::optional<Quantizer>& quantizer,
                         const engine::Shape& shape, std::span<const float> values);

// Fills `values`, of the shape's size. Memory beside it: for block formats 4 bytes an element, else none that grows
// with the tensor. Throws Error, beginning with `subject`, if a part has another size than it must have, or holds what
// pack_tensor does not write.
void unpack_tensor(const std::string& subject, const std::optional<Quantizer>& quantizer, const engine::Shape& shape,
                   const PackedTensor& packed, std::span<float> values);

}  // namespace ingot::compress
