// The rows of fixed_gemm.cc's table, for dispatch and tests.
//
// Weights lie in panels: `panel` channels side by side, groups of 4 bytes (or 2 words of 16 bits) of one channel
// together, since that is what one lane multiplies at a time:
//
//   b[(group panel + channel) 4 + i] = w[channel, 4 group + i]
//
// Activations are rows of such groups. Both are padded with zeros to whole groups.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/fixed_point.h"
#include "engine/base/isa.h"

namespace ingot::engine::kernels {

// c[i, j] = start[j] + sum over `groups` of a(i, .) b(., j), modulo 2^32, for i < m, j < panel.
template <class Activation, class Weight>
struct FixedBlock {
  std::int64_t m, groups;
  const Activation* a;
  std::int64_t lda;  // in elements
  const Weight* b;
  const std::int32_t* at;     // where each group's activations begin in a row of a; null: one group after another
  int depth;                  // see FixedGemmRow
  std::int64_t n_deep;        // of the groups: the first, in units of `depth`; the others are summed one by one
  const std::int32_t* start;  // null: 0
  std::int32_t* c;
  std::int64_t ldc;
};
using ByteBlock = FixedBlock<std::uint8_t, std::int8_t>;
using WordBlock = FixedBlock<std::int16_t, std::int16_t>;

// The columns of a Requantizer: where each of the arrays of `padded` values begins, in this order. With a sum y, its
// shift s and its half h (0, or 2^(s-1) if R rounds to nearest), the code is
//
//   t = y + h,  q = floor(t / 2^s)  less what `test` says,  saturated
//
// - nearest_even: halves were rounded up, so q becomes even where t has none of the low s bits, which are `test`;
// - half_away: t is lowered by 1 below `test` = h, where y < 0, so that negative halves are rounded down;
// - if s = 0, `test` is such that it never changes q.
// In the plain form h is part of the start of the sums. The general form serves shifts to the left, shifts of 32 and
// more, and sums so large that y + h would leave 32 bits:
//
//   y' = y >> sticky | y & sticky,   y'' = min(above, max(below, y')) << left,   t = y'' + h
//
// where sticky = 1 drops one of at least two bits and keeps whether it was set, which no rounding can tell from s.
enum class RequantizeColumn { start, shift, right, half, test, sticky, below, above, left };
inline constexpr int kRequantizeColumns = 9;

struct RequantizeBlock {
  std::int64_t m, n;      // n <= panel
  const std::int32_t* c;  // sums of a panel, which began at the column `start`
  std::int64_t ldc;
  const std::int32_t* columns;  // of this panel
  std::int64_t padded;          // between arrays
  Rounding rounding;
  bool plain;
  std::int32_t lowest, highest;
  int code_bytes;  // 1 or 2
  void* y;
  std::int64_t ldy;  // in codes

  const std::int32_t* column(RequantizeColumn which) const { return columns + static_cast<int>(which) * padded; }
};

// y[i, j] = float32(double(c[i, j] factor[j]) + double(bias[j])), i < m, j < n; if plain, in float32 with one rounding.
struct DequantizeBlock {
  std::int64_t m, n;      // n <= panel
  const std::int32_t* c;  // sums of a panel
  std::int64_t ldc;
  bool plain;
  const float* factors;  // of this panel
  const double* wide_factors;
  const float* biases;
  float* y;
  std::int64_t ldy;
};

struct PackBlock {
  std::int64_t m, k;
  const std::uint8_t* from;
  std::int64_t ld_from;
};

struct FixedGemmRow {
  Isa isa;
  std::int64_t panel;  // a multiple of 16
  std::int64_t rows;   // of c, best computed by one call; multiplies of other heights work too
  // Products of bytes are summed in 32 bits, and depth is 1. If not, 2 depth of them (of the bytes 2i and 2i + 1 of
  // `depth` consecutive groups) are summed in 16 bits, depth 1, 2, 4 or 8: the caller sees to it that they fit.
  bool wide_bytes;
  void (*multiply_bytes)(const ByteBlock& block);
  void (*multiply_words)(const WordBlock& block);
  void (*requantize)(const RequantizeBlock& block);
  void (*dequantize)(const DequantizeBlock& block);
  // m rows of k bytes: to(i, p) = from(i, p) + offset modulo 2^8, or the number in 16 bits; zeros up to a whole group.
  // `to` has room for rows of whole cache lines.
  void (*pack_bytes)(const PackBlock& block, std::uint8_t offset, std::uint8_t* to, std::int64_t ld_to);
  void (*widen_bytes)(const PackBlock& block, bool is_signed, std::int16_t* to, std::int64_t ld_to);
  // Codes of 4 bits, stored as code + 8: of the 4 panel codes of a group, byte i holds the codes i and 2 panel + i.
  void (*unpack_nibbles)(std::int64_t groups, const std::uint8_t* from, std::int8_t* to);
};

extern const FixedGemmRow kFixedGemmAmx, kFixedGemmAvx512Vnni, kFixedGemmAvx512, kFixedGemmAvxVnni, kFixedGemmAvx2,
    kFixedGemmReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const FixedGemmRow* const> fixed_gemm_rows();

}  // namespace ingot::engine::kernels
