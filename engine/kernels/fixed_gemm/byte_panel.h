// Arranges the weights of a panel for instruction sets that sum products of bytes in 16 bits.
//
// The problem: a sum of byte products can leave 16 bits. The idea: weights are constant and activations lie in
// 0 .. highest, so packing can prove which sums fit. A chain is what one 16-bit sum adds up: the bytes 2i and 2i + 1 of
// `depth` consecutive groups of one channel. It fits if no activations can make it leave 16 bits.
//
// A unit is `depth` consecutive groups. The units in which all chains fit come first. The other groups follow one by
// one, with chains of two bytes. A group in which even these do not fit is stored as several copies. Each copy holds
// some of the weights and zeros for the rest, and reads the same activations. Every copy fits, and the 32-bit sums over
// all copies are exact. Copies cost time, but weights as training leaves them need few.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ingot::engine::kernels {

struct BytePanel {
  int depth = 0;                   // 1, 2, 4 or 8; 0: in words of 16 bits the panel costs less
  std::int64_t n_deep = 0;         // groups in whole units, the first ones; 0 if depth is 1
  std::vector<std::int8_t> codes;  // groups of 4 panel codes
  // Of each group: where its activations begin in a row, in bytes. Rows are read up to whole units of `depth` groups,
  // where the codes are zeros.
  std::vector<std::int32_t> group_at;
};

// The cheapest arrangement of w[channel k + p], channel < panel. If wide, products are summed in 32 bits: one copy, and
// depth 1.
BytePanel arrange_bytes(std::int64_t panel, std::int64_t k, std::int64_t highest, bool wide,
                        std::span<const std::int8_t> w);

}  // namespace ingot::engine::kernels
