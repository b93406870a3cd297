// Formats whose numbers are all scaled by a power of two of their own, 2^-bits: the fraction bits of fixed point, or
// the exponent bias of minifloats and powers of two.
#pragma once

#include "compress/formats/format.h"

namespace ingot::compress {

bool has_scale_bits(const Format& format);
// The same of a format that has an exponent bias, by its name alone.
bool has_exponent_bias(std::string_view format_name);

// Of formats that have them. The same format with other bits throws Error for bits out of the range.
int scale_bits(const Format& format);
Format with_scale_bits(const Format& format, int bits);

struct ScaleBitsRange {
  int lowest, highest;
};
ScaleBitsRange scale_bits_range(const Format& format);

}  // namespace ingot::compress
