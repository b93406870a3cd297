// How the weights of a panel of bytes are arranged for instruction sets that sum products of bytes in 16 bits.
//
// A chain is what one sum of 16 bits takes: the bytes 2i and 2i + 1 of `depth` consecutive groups of one channel. It
// fits if no activations in 0 .. highest can carry it out of 16 bits. The groups of a unit, `depth` of them, in which
// all chains fit come first. The others follow one by one, with chains of two bytes; where even these do not fit, the
// weights are spread over copies of the group, each with zeros where another has the weight: all read the same
// activations, every copy fits, and the sums in 32 bits are exact. Weights as training leaves them need few copies.
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
