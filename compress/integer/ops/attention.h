// Attention in integers: the operation's data, and what it computes.
#pragma once

#include <cstdint>
#include <vector>

#include "compress/integer/operation.h"

namespace ingot::compress {

// Reads queries, keys and values, rows of n_heads parts of the same size. For a query of a head, over the n keys of its
// text:
//
//   s[j] = requantize((q . k[j]) multiplier, shift), saturated to score_width bits    1 / sqrt(part) is in the factor
//   t[j] = min(max s - s[j], 255),  e[j] = exponentials[t[j]]                         not normalised
//   y = R(sum e[j] v[j] 2^k / sum e[j]), saturated; k: fraction bits that the output has more than the values
//
// The quotient is exact and rounded once (divide() of engine/base/fixed_point.h).
struct Attention {
  std::int64_t n_heads = 1;
  std::int64_t longest = 0;  // rows of a text, at most
  std::int32_t multiplier = 1;
  int shift = 0, score_width = 12;
  int exponential_width = 16;
  std::vector<std::int32_t> exponentials{};  // [256], unsigned; the first one is at least 1
};

inline constexpr int kExponentials = 256;

// exp(-t 2^-frac_bits) in units of 1 / (2^width - 1), for scores with these fraction bits.
std::vector<std::int32_t> exponential_table(int width, int frac_bits);
// The same by base 2 and a straight line between its powers: 2^-n (1 - f / 2), n + f = t 2^-frac_bits log2(e) in steps
// of 2^-8. Hardware needs no table for it.
std::vector<std::int32_t> line_table(int width, int frac_bits);

// multiplier and shift by which q . k, with `frac_bits` fraction bits, becomes a score of score_frac_bits divided by
// sqrt(part): a power of two where that is one, else a factor of 15 bits.
void set_scale(Attention& attention, std::int64_t part, int frac_bits, int score_frac_bits);

}  // namespace ingot::compress
