// Fixed point: the format that integer kernels and hardware execute.
#pragma once

#include <optional>

#include "compress/formats/format.h"
#include "engine/base/fixed_point.h"

namespace ingot::compress {

// The codes that are used: all of the width, -1 0 1, or -1 1.
enum class CodeSet { all, ternary, binary };

struct FixedPoint {
  int width, frac_bits;
  bool is_signed;
  std::optional<engine::Rounding> rounding;  // none: stochastic
  CodeSet set = CodeSet::all;

  engine::CodeRange codes() const {
    return set == CodeSet::all ? engine::code_range(width, is_signed) : engine::CodeRange{-1, 1};
  }
  // The numbers of the lowest and the highest code with other fraction bits.
  engine::FixedRange range(int bits) const;

  friend bool operator==(const FixedPoint&, const FixedPoint&) = default;
};

// What `format` says, if its numbers are codes times a power of two: fixed(...), ufixed(...), ternary_pow2(...) and
// binary_pow2(...).
std::optional<FixedPoint> as_fixed(const Format& format);

// The numbers nearest to x: n_rows rows of n, each with fraction bits of its own. Rounding must not be stochastic.
void quantize_rows(const FixedPoint& fixed, std::int64_t n_rows, std::int64_t n, const float* x, const int* frac_bits,
                   float* y);

// The same fixed-point format with other fraction bits, between -95 and 126.
Format with_frac_bits(const Format& format, int frac_bits);

}  // namespace ingot::compress
