// The checksum of a core's ROMs that rtl/rom_check.sv computes after reset.
#pragma once

#include "hw/core/images.h"

namespace ingot::hw {

struct RomCheck {
  int address_width;  // of the largest ROM
  std::uint32_t checksum;

  // From reset until the first text may begin.
  std::int64_t cycles() const { return (std::int64_t{1} << address_width) + 3; }
};

// The remainder r of a division by the polynomial P of CRC-32 over GF(2). Of each address a from 0 to 2^address_width -
// 1
//
//   r = x r + f(a)  mod P
//
// where f(a) is the exclusive or of all 32-bit pieces of all words: of a ROM of 2^k or fewer words that at a mod 2^k,
// or its first if it has none there. The ROMs of weights count as one, of weights in plan.weight_width bits; ROMs that
// each lane reads for itself give words one after another. P is primitive, so that one wrong bit is found.
RomCheck rom_check(const CoreImages& images, const CorePlan& plan);

// A word of weights as the core reads it: each in plan.weight_width bits.
Word extended(const Word& word, int bits, int width);

}  // namespace ingot::hw
