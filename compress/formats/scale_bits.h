// Formats whose numbers are all scaled by a power of two of their own, 2^-bits: the fraction bits of fixed point, or
// the exponent bias of minifloats and powers of two.
#pragma once

#include "compress/formats/format.h"

namespace ingot::compress {

// Names of the formats with an exponent bias that scales all their numbers.
std::vector<std::string> biased_formats();

// Of fixed point and biased formats: the same format with other bits. Throws Error for bits that it cannot have.
Format with_scale_bits(const Format& format, int bits);

// Bits that every format of the kind can have, whatever its width.
struct ScaleBitsRange {
  int lowest, highest;
};
ScaleBitsRange scale_bits_range(const Format& format);

// The usual bias of a biased format, within that range.
int usual_bias(const Format& format);

}  // namespace ingot::compress
