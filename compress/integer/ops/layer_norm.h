// Layer normalisation in integers: the operation's data, and what it computes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compress/integer/operation.h"

namespace ingot::compress {

// y[i] = R((d[i] / sqrt V) gamma[i] + beta[i]), computed for a row x of n codes as
//
//   S = sum x,  Q = sum x^2,  V = n Q - S^2 + epsilon,  d[i] = n x[i] - S          exact; d / sqrt V does not depend on
//                                                                                  the unit of x
//   m = floor(V 4^h), h such that 2^30 <= m < 2^32                                 V's leading bits
//   r = floor(sqrt m)                                                              16 bits
//   c = R(2^32 / r)                                                                17 bits: c 2^(h-32) is 1 / sqrt V
//   z[i] = R(d[i] c 2^(h - 32 + 16))                                               16 fraction bits
//   y[i] = R((z[i] gamma[i] + beta[i]) 2^-shift), saturated
//
// V = 0 gives beta. R is the nearest integer, ties to even, but for the last one, which is the output's. Beside the
// real function c is wrong by less than 2.25 2^-16 of its value, nearly all of it from the floor of r, and z by that
// and 2^-17: y by 0.51 steps of the output at most while gamma is below 384 steps and z gamma below 192. Taking the
// leading bits before the root keeps that for every V, which a root of fixed fraction bits does not: V = 3 with 8 of
// them would be wrong by 2^-10.
struct LayerNorm {
  std::vector<std::int32_t> gamma, beta;  // [n] codes
  int gamma_frac_bits = 0, beta_frac_bits = 0;
  std::int64_t epsilon = 0;  // in units of V: n^2 4^frac_bits of the real one
  // c by the leading 8 bits of m instead of by root and division: of m in [i 2^24, (i + 1) 2^24), i = 64 + its place.
  // Empty: exact.
  std::vector<std::int32_t> root_table{};
};

inline constexpr int kNormFracBits = 16;  // of z
inline constexpr int kRootTableSize = 192;

// R(2^32 / sqrt m) in the middle of each range.
std::vector<std::int32_t> make_root_table();

// epsilon in units of V for rows of n codes with these fraction bits, rounded.
std::int64_t norm_epsilon(double epsilon, std::int64_t n, int frac_bits);

}  // namespace ingot::compress
